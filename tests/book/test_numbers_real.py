"""The numbers of chapters 10 to 12 on the built pages are those the text speaks of."""

import os

import pytest

SURE = ("family", "pathway", "combined")
EXTRAS = {"cellflow": "CellFlow", "state": "STATE"}


@pytest.fixture
def real(numbers):
    """The numbers of chapter 10, of which nothing that was to be there is missing."""
    page = numbers("10_real_interferon")
    wanted = os.environ.get("RECON_TUTORIAL_EXTRAS", "cellflow state").split()
    assert set(page["missing"]) & {EXTRAS[name] for name in wanted if name in EXTRAS} == set()
    return page


def test_chapter_10_holds_the_biology(real):
    assert real["n_cells"] == 13_999 and real["rises_everywhere"]
    myeloid, b_cells = real["change"]["CD14 monocytes"], real["change"]["B"]
    assert myeloid["CXCL10"] > 1.5 * b_cells["CXCL10"]
    assert {"CXCL10", "CXCL11", "CCL8"} <= set(real["lineage"])
    assert min(real["correlation"].values()) > 0.9


def test_chapter_10_on_seen_types_nobody_is_ahead_of_one_shift_per_type(real):
    energy = {n: row["energy_distance, embedding"] for n, row in real["scaled"].items()}
    for name in ("ridge regression", "MLP", "MLP on the shift"):
        assert real["variance_ratio"][name] < 0.45
        assert real["purity"][name] > real["purity"]["replicate"]
        assert energy[name] < 0.65 < 0.7 < energy["mean shift per type"]
    for name in {"flow", "set, energy", "CellFlow", "STATE"} - set(real["missing"]):
        assert 0.8 < real["variance_ratio"][name] < 1.25 and energy[name] > 0.6
        assert real["known"][name]["verdict"] != "better"


def test_chapter_10_scores_every_unseen_type_between_floor_and_ceiling(real):
    assert len(real["unseen"]) == 8
    for row in real["unseen"].values():
        assert row["floor"] == row["mean shift"] > 1 > 0.3 > abs(row["ceiling"])
    board, verdicts = real["unseen_board"], real["verdicts"]
    for name in {"flow", "CellFlow", "set, energy", "ridge on the shift"} - set(real["missing"]):
        assert verdicts[name]["verdict"] == "better" and board[name]["low"] > 0.1
    for name in ("MLP on the shift", "ridge regression"):
        assert verdicts[name]["verdict"] == "worse"
    leader = real["leader"]
    assert leader in {"flow", "CellFlow"} and 0.45 < board[leader]["scaled"] < 0.8
    assert board["nearest type"]["scaled"] > 0.2
    assert real["duels"]["flow against flow + descriptor"]["verdict"] == "better"
    assert real["unseen_scaled"]["Megakaryocytes"][leader] < 0.4


def test_chapter_10_tells_the_decoder_from_the_shift(real):
    decoded, measured = real["decoded_truth"], real["measured_truth"]
    lost = {name: row["value"] - measured[name]["value"] for name, row in decoded.items()}
    assert min(lost, key=lost.get) == "replicate" and lost["flow"] > 0.08
    floors = real["floors"].values()
    assert sum(f["type unseen"] for f in floors) > 1.05 * sum(f["type seen"] for f in floors)


def test_chapter_10_a_mean_shift_gets_interferon_genes_right_and_lineages_wrong(real):
    plain = real["recovery"]["mean shift"]
    assert plain["right sign"] == 1 and 0.8 < plain["median share"] < 1.2
    assert real["recovery"]["replicate"]["recall"] > plain["recall"] + 0.1
    missed, differ = real["missed"], "differ between types"
    assert missed["mean shift"][differ] > 2 * missed["mean shift"]["rise everywhere"]
    assert missed["flow"][differ] < missed["mean shift"][differ] - 0.08
    assert min(real["directions"].values()) > 0.85


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
    fooled = numbers("11_real_cytokines")["ignorant"]
    assert fooled["mean of all, mean of the others taken away"] == pytest.approx(1)
    assert fooled["mean of the others, mean of all taken away"] == pytest.approx(-1)
    assert fooled["mean of the others, nothing taken away"] > 0.2
    assert fooled["mean of the others, the same taken away"] == 0
    nothing = [fooled[f"no change, mean of {which} taken away"] for which in ("the others", "all")]
    assert nothing[0] > nothing[1] > 0.03


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
