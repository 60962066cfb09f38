"""How a search may end without a result."""


class NothingSurvivesError(ValueError):
    """No child is usable, so that there is nothing to go on with."""

    @classmethod
    def after(cls, what: str, error: str) -> "NothingSurvivesError":
        """Return it with the error that a child raised, or with advice where none did."""
        advice = "Lower the learning rates or widen the search space."
        return cls(f"{what}. " + (f"The last error was:\n{error}" if error else advice))
