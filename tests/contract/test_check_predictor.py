"""`check_predictor` passes sound predictors and names the rule that a broken one breaks."""

import pickle

import numpy as np
import pytest

from recon_tutorial.protocol import RULES, ContractError, PerturbationPredictor, check_predictor

from .broken_predictors import BROKEN, MeanShift, NoPredict
from .sound_predictors import SOUND, Good, Sized


class Recorder(Good):
    """Keeps what it is given, over all instances of one subclass made by `recorder`."""

    def train(self, ctrl_emb, pert_emb, pert_cov):
        cells = ctrl_emb, pert_emb, pert_cov
        super().train(*cells)
        self.trained.append(cells)

    def predict(self, ctrl_emb, pert_cov):
        answer = super().predict(ctrl_emb, pert_cov)
        self.asked.append((ctrl_emb, pert_cov))
        return answer


def record(**options):
    """The factory given to the checker, after one check."""
    factory = type("Recording", (Recorder,), {"trained": [], "asked": []})
    check_predictor(factory, **options)
    return factory


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", SOUND)
def test_sound_predictors_pass(name, seed):
    assert check_predictor(SOUND[name], seed=seed) is None


@pytest.mark.parametrize(("embed_dim", "cov_dim"), [(2, 1), (3, 2), (8, 4), (16, 12), (64, 5)])
def test_sound_predictors_pass_in_worlds_of_any_size(embed_dim, cov_dim):
    check_predictor(Sized, embed_dim=embed_dim, cov_dim=cov_dim)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", BROKEN)
def test_a_fault_is_named_with_what_was_seen_and_how_to_mend_it(name, seed):
    rule, seen, factory = BROKEN[name]
    with pytest.raises(ContractError) as caught:
        check_predictor(factory, seed=seed)
    message = str(caught.value)
    assert caught.value.rule == rule
    assert message.startswith(f"[{rule}] ")
    assert seen in message
    assert message.endswith(f": {RULES[rule]}")
    assert "\n" not in message and ". " not in message and not message.endswith(".")


def test_every_rule_has_a_predictor_that_breaks_it():
    assert {fault[0] for fault in BROKEN.values()} == set(RULES)


def test_the_example_of_the_book():
    with pytest.raises(ContractError) as caught:
        check_predictor(MeanShift)
    assert str(caught.value) == (
        "[uses the descriptor] two descriptors gave the same prediction for the same controls "
        "(largest difference 0): let predict depend on pert_cov"
    )


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("cannot start", OSError),
        ("train fails", OSError),
        ("predict fails", KeyError),
    ],
)
def test_the_exception_of_the_predictor_is_chained(name, cause):
    with pytest.raises(ContractError) as caught:
        check_predictor(BROKEN[name][2])
    assert isinstance(caught.value.__cause__, cause)


def test_an_interrupt_is_not_a_finding():
    class Interrupted(Good):
        def train(self, ctrl_emb, pert_emb, pert_cov):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_predictor(Interrupted)


def test_a_contract_error_is_a_failure_and_survives_a_process_border():
    assert issubclass(ContractError, AssertionError)
    assert not issubclass(ContractError, ValueError)
    with pytest.raises(ContractError) as caught:
        check_predictor(MeanShift)
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.rule, str(copy)) == (caught.value.rule, str(caught.value))


def test_the_protocol_is_structural():
    assert isinstance(Good(), PerturbationPredictor)
    assert not isinstance(NoPredict(), PerturbationPredictor)


def test_global_random_state_is_left_alone():
    np.random.seed(11)  # noqa: NPY002
    before = np.random.get_state()  # noqa: NPY002
    check_predictor(Good)
    after = np.random.get_state()  # noqa: NPY002
    assert all(np.array_equal(x, y) for x, y in zip(before, after, strict=True))


@pytest.mark.parametrize(("embed_dim", "cov_dim"), [(8, 4), (5, 3)])
def test_sizes_are_honoured(embed_dim, cov_dim):
    given = []

    def factory(*, embed_dim, cov_dim):
        given.append((embed_dim, cov_dim))
        return Good()

    check_predictor(factory, embed_dim=embed_dim, cov_dim=cov_dim)
    assert set(given) == {(embed_dim, cov_dim)}
    seen = record(embed_dim=embed_dim, cov_dim=cov_dim)
    for ctrl, pert, cov in seen.trained:
        assert np.shape(ctrl)[1] == np.shape(pert)[1] == embed_dim
        assert np.shape(cov)[1] == cov_dim


def test_sizes_are_not_passed_unless_the_factory_names_both():
    def half(embed_dim=3):
        assert embed_dim == 3
        return Good()

    check_predictor(half)


def test_the_seed_decides_the_world():
    first, same, other = (record(seed=seed) for seed in (0, 0, 1))
    for one, two, three in zip(first.trained, same.trained, other.trained, strict=True):
        assert all(np.array_equal(x, y) for x, y in zip(one, two, strict=True))
        assert not any(np.array_equal(x, y) for x, y in zip(one, three, strict=True))


def test_the_defaults_are_those_of_the_contract():
    default, spelled_out = record(), record(embed_dim=8, cov_dim=4, seed=0)
    assert np.array_equal(default.trained[0][0], spelled_out.trained[0][0])
    assert np.array_equal(default.trained[0][2], spelled_out.trained[0][2])


def test_three_fits_on_the_same_small_world():
    seen = record()
    assert len(seen.trained) == 3
    float32, again, wide = seen.trained
    assert all(x.dtype == np.float32 for x in (*float32, *again))
    assert isinstance(wide[0], np.ndarray) and wide[0].dtype == np.float64
    assert isinstance(wide[1], list) and isinstance(wide[2], list)
    for cells in (again, wide):
        assert all(np.array_equal(x, y) for x, y in zip(float32, cells, strict=True))
    assert len(float32[0]) <= 400


def test_perturbations_are_mixed_in_training_and_cells_are_held_out():
    seen = record()
    ctrl, _, cov = seen.trained[0]
    assert len(np.unique(cov, axis=0)) == 6
    assert len(np.unique(cov[:60], axis=0)) == 6
    trained = {row.tobytes() for row in ctrl}
    assert all(row.tobytes() not in trained for row in seen.asked[0][0])


def test_some_descriptor_asked_was_never_trained_on():
    seen = record()
    known = {row.tobytes() for row in seen.trained[0][2]}
    unknown = [{row.tobytes() for row in np.float32(cov)} - known for _, cov in seen.asked]
    assert sum(map(bool, unknown)) == 1


@pytest.mark.parametrize("factory", [Good(), Sized(8, 4), 3, None])
def test_only_what_builds_a_predictor_can_be_checked(factory):
    with pytest.raises(TypeError, match=f"factory is a {type(factory).__name__} object: pass a"):
        check_predictor(factory)


@pytest.mark.parametrize("sizes", [{"embed_dim": 1}, {"cov_dim": 0}])
def test_worlds_too_small_to_test_in_are_refused(sizes):
    with pytest.raises(ValueError, match="ask for at least 2 and 1"):
        check_predictor(Good, **sizes)
