"""ABC notation: lengths, pitches and silences of small tunes that were worked out by hand."""

from fractions import Fraction

import pytest

from egan.data.abc import sharps_of, times, tunes


def notes_of(body, *, head="L:1/8\nK:C", **options):
    [tune] = tunes(f"X:1\nT:A tune\n{head}\n{body}\n", **options)
    return tune.notes


def pitches(body, **options):
    return [note.pitch for note in notes_of(body, **options)]


def lengths(body, **options):
    return [note.length for note in notes_of(body, **options)]


def test_letters_and_octaves():
    assert pitches("C c c' C, G,, b") == [60, 72, 84, 48, 43, 83]


def test_lengths_are_of_the_unit():
    half = Fraction(1, 2)
    assert lengths("A A2 A/ A3/2 A// A/4") == [half, 1, half / 2, 3 * half / 2, half / 4, half / 4]
    assert lengths("A", head="L:1/16\nK:C") == [Fraction(1, 4)]


def test_an_accidental_holds_until_the_bar_ends():
    assert pitches("^F F f | F _B =B B ^^C __D") == [66, 66, 77, 65, 70, 71, 71, 62, 60]


def test_keys_raise_and_lower():
    assert pitches("F C =F | F", head="K:D") == [66, 61, 65, 66]
    assert pitches("B E", head="K:Gm") == [70, 63]


@pytest.mark.parametrize(
    ("key", "sharps"),
    [
        *(("C", 0), ("G", 1), ("Bb", -2), ("F#", 6), ("Am", 0), ("Gm", -2), ("D dor", 0)),
        *(("Amix", 2), ("Ephr", 0), ("F lydian", 0), ("C minor", -3), ("none", 0)),
        ("Eb major", -3),
    ],
)
def test_signatures(key, sharps):
    assert sharps_of(key) == sharps


def test_rests_are_gaps_before_what_follows():
    found = notes_of("A z2 A x A")
    assert [note.gap for note in found] == [0, 1, Fraction(1, 2)]


def test_ties_make_one_note_of_two():
    found = notes_of("A2-A- | A B-c A-z A")
    assert [(note.pitch, note.length) for note in found[:1]] == [(69, 2)]
    assert [note.pitch for note in found] == [69, 71, 72, 69, 69]


def test_dotted_pairs_and_tuplets():
    assert lengths("A>B c<d A2>>B2") == [
        *(Fraction(3, 4), Fraction(1, 4), Fraction(1, 4), Fraction(3, 4)),
        *(Fraction(7, 4), Fraction(1, 4)),
    ]
    assert lengths("(3ABc d (2AB") == [Fraction(1, 3)] * 3 + [Fraction(1, 2)] + [Fraction(3, 4)] * 2


def test_what_does_not_sound_is_left_out():
    assert pitches('"Am"A {gf}B !trill!c [K:D] [CEG]2 .d ~e % fgab') == [69, 71, 72, 60, 74, 76]
    assert lengths("[CE]2 A") == [1, Fraction(1, 2)]


def test_the_first_note_of_a_bar_is_told():
    assert [note.first for note in notes_of("AB|cd||e z|z f")] == [
        *(True, False, True, False, True, False)
    ]


def test_the_first_notes_are_as_in_the_whole():
    body = "A>B c-c2 | (3def g z a"
    for most in (1, 2, 3, 6, 99):
        assert notes_of(body, most=most) == notes_of(body)[:most]


def test_a_file_has_tunes_one_after_another():
    first, second = tunes("% a book\nX:1\nT:One\nK:G\nF\n\nX:2\nT: Two\nM:4/4\nK:C\nF\n")
    assert (first.title, first.sharps, first.notes[0].pitch) == ("One", 1, 66)
    assert (second.title, second.sharps, second.notes[0].pitch) == ("Two", 0, 65)


@pytest.mark.parametrize("text", ["", "3", "/", "//", "3/", "3/4", "/8", "3/0"])
def test_lengths_are_above_nothing(text):
    assert times(text) > 0


@pytest.mark.parametrize("text", ["", "no tune", "X:1\n", "X:1\nK:C\n", "X:1\nL:0/0\nK:?\n>|-(3"])
def test_what_has_no_notes_has_none(text):
    assert sum(len(tune.notes) for tune in tunes(text)) == 0


@pytest.mark.parametrize(
    "absurd",
    [
        *("C" + "9" * 5000, "C/" + "9" * 5000, "C" + "/" * 200_000, "C1" + ">1" * 100_000),
        *("{" * 200_000, "[C" * 200_000, "[K:" * 200_000, "C" + ">" * 200_000),
        "".join(f"C/{n}-" for n in range(7, 3000)),
    ],
    ids=lambda absurd: absurd[:3],
)
@pytest.mark.timeout(10)
def test_absurd_marks_cost_no_time(absurd):
    assert notes_of(f"{absurd}\nE F", most=8)[0].length >= 0
    assert pitches("E")[-1] == 64


@pytest.mark.timeout(10)
def test_absurd_heads_cost_no_time():
    spaces = " " * 100_000
    assert lengths("C", head=f"N:{spaces}a{spaces}b\nL:1/{'9' * 5000}\nK:C") == [Fraction(1, 2)]


def test_a_comment_ends_with_its_line():
    assert pitches("C % D\nE") == [60, 64]
