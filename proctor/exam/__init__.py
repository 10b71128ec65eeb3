"""One sample's exam: the session, what it stores, the agent's tool, the quizzes."""
