"""The sixteen questions of the carriers' paper, in short, with the answer that stands until MIC's own is at hand.

A question asks for a view (``asks``: view) or for an act of the ministry (act: R7, R12). No answer of MIC could be
read, so each answer below is the default of the engine, built from the binding text; its settings say how sure it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Question:
    """One question: its number, what it asks and the answer that the defaults stand for."""

    number: str
    asks_for: Literal["view", "act"]
    asks: str
    answer: str


QUESTIONS: Final = (
    Question("Q1", "view", "Are Cookie IDs, IP addresses and the like specified user information?",
             "Not alone; yes in a searchable collection that identifies a contract or account user. Addresses of "
             "individual communications are secrecy of communications."),
    Question("Q2", "view", "Is an account that was processed beyond recognition outside specified user information?",
             "Yes for category 2 if all four conditions are attested; category 1 needs its own route."),
    Question("Q3", "view", "Are users of one category summed, and is only the service over the threshold regulated?",
             "Summed per category and fee type; the whole category is regulated."),
    Question("Q4", "view", "Is the user information of an optional service for applicants covered?",
             "Yes, as acquired in relation to the covered service it belongs to; without a parent it needs a review."),
    Question("Q5", "view", "Is an option measured by its own user count or by its parent's category?",
             "By the parent's category; its users are not counted again."),
    Question("Q6", "view", "To what level must foreign systems be surveyed and published?",
             "The handling rules describe the structure for grasping them; the policy names the country and whether "
             "an affecting system exists."),
    Question("R7", "act", "Will MIC publish its survey of foreign systems early?",
             "Not known. Such a survey is an accepted source; nothing depends on it."),
    Question("Q8", "view", "Must the policy list all security measures?",
             "An outline under the four headings suffices."),
    Question("Q9", "view", "Must it be published even if the carrier answers disclosure requests with the same?",
             "Yes, on the Internet; an answer on request is not enough."),
    Question("Q10", "view", "Does the cloud exception apply equally?",
             "It removes outsourcing status only; storage abroad and foreign storage services stay."),
    Question("Q11", "view", "Must countries be published for temporary storage or outsourcing abroad?",
             "Yes; the text has no exemption and no least duration. Pure transit needs a review."),
    Question("R12", "act", "Will MIC publish its survey at the same address as PPC's?",
             "Not known. A country may cite several sources, of both authorities."),
    Question("Q13", "view", "What survey is reasonably possible; is research of local law required?",
             "Official publications or an inquiry to the provider, with ordinary care; no own research of local law."),
    Question("R14", "view", "How is it published when merged into the privacy policy?",
             "Merging is allowed as long as each item is easy to find."),
    Question("Q15", "view", "Does a leak mean that data flowed out, or that others can know it?",
             "Not known. Until then: that others can know it, for both kinds of information."),
    Question("Q16", "view", "What follows when data taken by government access is reported?",
             "It is reported at any count and enters the carrier's own publication of incidents; what MIC does is "
             "not predicted."),
)  # fmt: skip
"""In the order of the paper."""

QUESTION: Final = {question.number: question for question in QUESTIONS}
"""By number."""
