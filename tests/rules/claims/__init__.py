"""What the lessons say was measured, each with a check of what their programs print."""

from tests.rules.claims import bn1, bn2, bn3, bn4, bn5, bn6
from tests.rules.claims.checks import Claim

CLAIMS: list[Claim] = [claim for family in (bn1, bn2, bn3, bn4, bn5, bn6) for claim in family.CLAIMS]
