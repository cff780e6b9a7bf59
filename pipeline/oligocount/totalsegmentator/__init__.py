"""TotalSegmentator as an organ provider: installed by the user, run apart, nothing sent."""

from oligocount.totalsegmentator.mapper import TotalSegmentatorMapper

__all__ = ["TotalSegmentatorMapper"]
