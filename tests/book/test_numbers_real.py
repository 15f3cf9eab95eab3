"""The numbers of chapters 10 to 12 on the built pages are those the text speaks of."""

import os

import pytest

SURE = ("family", "pathway", "combined")


def test_chapter_11_only_descriptors_that_know_something_score(numbers):
    page = numbers("11_real_cytokines")
    board, score = page["board"], "centred Pearson"
    assert all(page["equal"].values()) and page["missing"] == {}
    assert page["one_hot_change"] == 0
    assert board["one_hot"][score] == 0 and board["one_hot"]["PDS"] == 0.5
    for kind in ("random", "shuffled"):
        assert abs(board[kind][score]) < 0.03
        assert max(map(abs, page["spread"][kind])) < 0.12
    for kind in SURE:
        assert board[kind][score] >= 0.30
        assert min(board[kind]["low"], board[kind]["low, families"]) > 0.2
        assert board[kind]["PDS, low"] > 0.7
        assert page["against"]["no change"][kind]["low, families"] > 0
    for kind in ("text", "receptors"):  # and the page says that these cannot be told from it
        assert page["against"]["no change"][kind]["low, families"] < 0
    assert page["reach"]["any weights"] > page["reach"]["one to copy"] > 0.5


def test_chapter_11_relatives_are_neighbours(numbers):
    near = numbers("11_real_cytokines")["near"]
    for pair in ("IL4-IL13", "IFNG-IL27", "TGFB1-TGFB2", "IL1B-TNFA", "IL2-IL15"):
        assert near[pair]["rank"] == near[pair]["back"] == 1


def test_chapter_11_ignorance_can_be_made_to_look_perfect(numbers):
    fooled = list(numbers("11_real_cytokines")["ignorant"].values())
    assert fooled[1:3] == pytest.approx([1, -1])
    assert fooled[0] > 0.2 and fooled[5] == 0
    assert fooled[3] > fooled[4] > 0.03


def test_chapter_11_without_its_family_a_descriptor_knows_less(numbers):
    page = numbers("11_real_cytokines")
    hard, score = page["harder"], "centred Pearson"
    assert min(hard[of]["pathway"]["low, families"] for of in ("family", "PDS, family")) > 0
    assert hard["no change"]["pathway"]["low"] < 0  # so the page claims no lead over it
    assert page["board_apart"]["family"][score] < page["board_apart"]["no change"][score]
    relatives = page["by_relatives"]["combined"]
    assert relatives["has none"] < 0.2 < 0.4 < relatives["has a relative"]


def test_chapter_12_my_predictor_gets_an_honest_row(numbers):
    page = numbers("12_bring_your_own")
    rules = ["inputs unchanged", "float64 and lists", "refuses mismatched shapes"]
    assert list(page["broken"].values()) == rules
    gain, low, _, verdict = page["gains"]["mean shift"]
    assert verdict == "better" and gain > low > 1
    assert page["gains"]["ridge"][3] == "cannot be told apart"
    assert abs(page["gains"]["ridge"][0]) < 0.1
    assert min(page["boards"]["mine"]["scaled"][m] for m in ("mine", "ridge")) > 0.8
    real = page["boards"]["real"]["scaled"]
    assert abs(real["mine"] - real["mean shift per type"]) < 0.03 and real["mine"] > 0.85


def test_chapter_12_every_mistake_is_told(numbers):
    said = numbers("12_bring_your_own")["says"].values()
    assert len(said) == 12 and "nothing" not in said


def test_chapter_12_predictions_score_alike_in_every_form(numbers):
    page = numbers("12_bring_your_own")
    gaps = page["gaps"]
    assert gaps["others"] == gaps["forms"] == gaps["trip"] == 0
    assert gaps["embedding"] < 1e-4 and page["same_cells"]
    genes, cheat = page["boards"]["genes"]["scaled"], page["boards"]["cheat"]["scaled"]
    assert genes["external"] > genes["mine"] + 0.08  # in genes a way back is paid for
    assert cheat["tool that saw the test"] > 1.05 > cheat["ridge"]


def test_chapter_12_other_evaluators_agree(numbers):
    page = numbers("12_bring_your_own")
    if "interop" in os.environ.get("RECON_TUTORIAL_EXTRAS", "interop").split():
        assert page["missing"] == {} and len(page["agreement"]) == 4
    for row in page["agreement"].values():
        assert row["largest difference"] < 1e-5
