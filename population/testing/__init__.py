"""Checks for members and strategies of your own, to be called from your tests."""

from population.testing.members import check_member
from population.testing.rehearsal import Rehearsal
from population.testing.strategies import StrategyConformance

__all__ = ["Rehearsal", "StrategyConformance", "check_member"]
