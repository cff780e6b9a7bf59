"""A box grows at either end, and no further than the image."""

from oligocount.geometry.box import grown


def test_a_box_grows_by_its_own_room_on_each_axis_within_the_image() -> None:
    box = (slice(2, 4), slice(1, 5), slice(7, 9))
    assert grown(box, (1, 3, 2), (9, 6, 10)) == (slice(1, 5), slice(0, 6), slice(5, 10))
