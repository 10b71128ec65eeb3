"""Human review: who looks at which run, what is shown, and what was decided.

| module     | what is in it                                                  |
| ---------- | -------------------------------------------------------------- |
| `opening`  | the logs that can be reviewed, what an interruption has left   |
| `state`  | the state of a review, without a terminal                      |
| `seen`     | which runs somebody has seen openly, so that blind stays blind |
| `rows`     | rows of text, and text that is safe to show                    |
| `evidence` | what the instruments say of a run                              |
| `page`     | all that is shown of a run                                     |
| `sheet`    | a widget that scrolls through them                             |
| `bar`      | what to press, what was done                                   |
| `viewer`   | opens the link                                                 |
| `screen`   | the terminal program                                           |
"""
