"""Rendered heads: the geometry, and persons who are held out whole."""

import numpy as np
import pytest

from egan.data import heads, load
from egan.data.dataset import FIELD, IDENTITY, LANDMARKS, VISIBLE, YAW
from egan.data.splits import parted


@pytest.fixture(scope="module")
def data():
    return load("heads")


@pytest.fixture(scope="module")
def few():
    return heads.draw(6, np.random.default_rng(0))


def test_every_person_from_every_side(data):
    assert data.shape == (1, 32, 32)
    assert len(data) == 200 * 11
    assert {*data.annotations[YAW].tolist()} == {*range(-75, 76, 15)}
    assert (np.bincount(data.annotations[IDENTITY]) == 11).all()
    assert load("heads").fingerprint() == data.fingerprint()


def test_persons_are_held_out_whole(data):
    for known, kept in (
        (load("heads", split="train"), load("heads", split="test")),
        parted(data, hold_out=True),
    ):
        persons = [{*one.annotations[IDENTITY].tolist()} for one in (known, kept)]
        assert persons[0].isdisjoint(persons[1])
        assert all(
            (np.bincount(one.annotations[IDENTITY])[[*who]] == 11).all()
            for one, who in zip((known, kept), persons, strict=True)
        )
    assert len(load("heads", split="test")) == 40 * 11


def test_rays_meet_the_ellipsoid_and_its_near_side(few):
    yaw = np.array([-75.0, -30, 0, 15, 45, 90])
    found = heads.rays(few.axes, yaw, image_size=32)
    middle = (np.arange(32) + 0.5) / 16 - 1
    for k, angle in enumerate(np.deg2rad(yaw)):
        a, b, c = few.axes[k]
        row, column = np.nonzero(found.hit[k])
        u, v = (one[k, row, column] * np.pi / 2 for one in (found.u, found.v))
        x, y, z = a * np.cos(v) * np.sin(u), b * np.sin(v), c * np.cos(v) * np.cos(u)
        assert np.allclose(x * np.cos(angle) + z * np.sin(angle), middle[column], atol=1e-4)
        assert np.allclose(y, -middle[row], atol=1e-4)
        near = z * np.cos(angle) / c**2 - x * np.sin(angle) / a**2
        assert (near > -1e-3).all()


def test_a_face_warped_to_the_front_is_the_frontal_view(few):
    identity = np.arange(6)
    front = heads.rays(few.axes, np.zeros(6), image_size=64)
    shown = heads.seen(few.texture, identity, front)
    turned = heads.rays(few.axes, np.full(6, 30.0), image_size=64)
    view = heads.seen(few.texture, identity, turned)
    for k in range(6):  # points of the face that both see have one colour
        for v in (-0.3, 0.0, 0.25):
            for u in (-0.4, 0.0, 0.4):
                colours = []
                for rays, image in ((front, shown), (turned, view)):
                    away = np.where(rays.hit[k], np.hypot(rays.u[k] - u, rays.v[k] - v), np.inf)
                    assert away.min() < 0.05
                    colours.append(image[k].ravel()[away.argmin()])
                assert abs(colours[0] - colours[1]) < 0.12


def test_landmarks_lie_where_the_field_says(data):
    made = heads.draw(heads.COUNT, np.random.default_rng(heads.SEED))
    known = data.annotations
    chosen = np.flatnonzero((np.abs(known[YAW]) <= 30) & (known[IDENTITY] < 5))
    for row in chosen:
        for mark in range(5):
            if not known[VISIBLE][row, mark]:
                continue
            x, y = ((known[LANDMARKS][row, mark] + 1) * 16).astype(int)
            u, v = known[FIELD][row, :2, y, x]
            assert np.allclose((u, v), made.marks[known[IDENTITY][row], mark], atol=0.11)


def test_eyes_are_dark_and_a_turn_to_the_right_moves_the_nose_there(data):
    known = data.annotations
    front = np.flatnonzero(known[YAW] == 0)
    places = ((known[LANDMARKS][front] + 1) * 16).astype(int)
    eye = data.samples[front, 0, places[:, 0, 1], places[:, 0, 0]].astype(int)
    nose = data.samples[front, 0, places[:, 2, 1], places[:, 2, 0]].astype(int)
    assert (nose - eye).mean() > 60
    right = np.flatnonzero(known[YAW] == 45)
    assert (known[LANDMARKS][right, 2, 0] > known[LANDMARKS][front, 2, 0] + 0.3).all()
    assert not known[VISIBLE][np.flatnonzero(known[YAW] == 75), 1].all()


def test_other_sizes_and_colour():
    made = heads.load(path=None, image_size=16, channels=3)
    assert made.shape == (3, 16, 16)
    assert made.annotations[FIELD].shape == (2200, 3, 16, 16)


def test_what_of_a_texture_is_shown_is_what_rays_meet(few):
    identity = np.zeros(3, np.int64)
    yaw = np.array([0.0, 60.0, -60.0])
    shown = heads.shown(few, identity, yaw, size=16)
    assert shown[0].all()
    assert np.array_equal(shown[1], shown[2][:, ::-1])
    found = heads.rays(few.axes[identity], yaw, image_size=128)
    for k in range(3):
        face = found.hit[k] & (np.abs(found.u[k]) <= 1)
        column, row = (
            np.clip(((at[k][face] + 1) * 8).astype(int), 0, 15) for at in (found.u, found.v)
        )
        met = np.zeros((16, 16), bool)
        met[row, column] = True
        assert (shown[k] <= met)[3:-3].mean() > 0.95  # rays miss points at the poles
        assert shown[k][met].mean() > 0.85
