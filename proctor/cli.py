"""Stub."""


def main() -> None: ...
