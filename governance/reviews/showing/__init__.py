"""A submission as its page shows it, cut by subject. Words and order; decides nothing."""

from governance.reviews.showing.coming import asked_for, coming_policies, policy_changes
from governance.reviews.showing.course import attachments, history, progress
from governance.reviews.showing.people import any_of, voters, who_can_vote
from governance.reviews.showing.permitted import abilities
from governance.reviews.showing.required import requirements
from governance.reviews.showing.sentence import in_force, verdict
from governance.reviews.showing.voting import lanes, own_vote
from governance.reviews.showing.way import gate_question, steps

__all__ = [
    "abilities",
    "any_of",
    "asked_for",
    "attachments",
    "coming_policies",
    "gate_question",
    "history",
    "in_force",
    "lanes",
    "own_vote",
    "policy_changes",
    "progress",
    "requirements",
    "steps",
    "verdict",
    "voters",
    "who_can_vote",
]
