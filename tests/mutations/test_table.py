import pickle
import subprocess
import sys

import pytest
import torch

import mutations


@pytest.fixture(params=mutations.NAMES)
def objective(request):
    return mutations.get(request.param)


def logits(*shape, seed=0, scale=3.0):
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(shape, generator=generator)


def test_the_table_is_complete():
    assert mutations.NAMES == (
        "minimax",
        "heuristic",
        "least_squares",
        "hinge",
        "wasserstein",
        "ganetic",
        "relativistic_logistic",
        "relativistic_hinge",
        "relativistic_least_squares",
    )
    assert tuple(mutations.OBJECTIVES) == mutations.NAMES
    for name in mutations.NAMES:
        assert mutations.OBJECTIVES[name].name == name
        assert mutations.OBJECTIVES[name].needs_real is name.startswith("relativistic")
        assert mutations.OBJECTIVES[name].formula.isascii()
        assert isinstance(mutations.OBJECTIVES[name], mutations.Objective)


def test_names_and_checks_need_no_torch():
    code = (
        "import sys, mutations; mutations.check(mutations.NAMES[0]); mutations.TABLE['hinge'];"
        "assert 'torch' not in sys.modules and 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize(
    ("wrong", "near"),
    [("minmax", "minimax"), ("least-squares", "least_squares"), ("wassertein", "wasserstein")],
)
@pytest.mark.parametrize("function", [mutations.get, mutations.check])
def test_an_unknown_name_offers_near_matches(function, wrong, near):
    with pytest.raises(ValueError, match=f"'{wrong}'; did you mean {near}"):
        function(wrong)


def test_a_name_like_no_other_gets_the_whole_list():
    with pytest.raises(ValueError, match=r"'vanilla'; Choose from: minimax, heuristic"):
        mutations.get("vanilla")


def test_an_unknown_attribute_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'OBJECTIFS'"):
        _ = mutations.OBJECTIFS


def test_conformance_a_finite_scalar_with_finite_gradients(objective):
    fake = logits(7).requires_grad_()
    loss = objective.generator(fake, logits(5, seed=1))
    loss.backward()
    assert loss.shape == ()
    assert loss.isfinite()
    assert fake.grad.isfinite().all()
    assert fake.grad.abs().sum() > 0


@pytest.mark.parametrize("fake_value", [-1e4, 1e4])
@pytest.mark.parametrize("real_value", [-1e4, 1e4])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_conformance_extreme_logits_stay_finite(objective, fake_value, real_value, dtype):
    fake = torch.full((4,), fake_value, dtype=dtype, requires_grad=True)
    loss = objective.generator(fake, torch.full((3,), real_value, dtype=dtype))
    loss.backward()
    assert loss.isfinite()
    assert fake.grad.isfinite().all()


def test_conformance_fooling_the_discriminator_more_is_never_worse(objective):
    # the hinge is flat beyond its margin and relativistic least squares has an optimum, so both
    # are looked at where fakes still lose to the real samples
    fake, real = logits(64, scale=0.5) - 3, logits(64, seed=1, scale=0.5)
    losses = torch.stack([objective.generator(fake + shift, real) for shift in (0, 1, 2)])
    assert (losses.diff() < 0).all()


def test_conformance_without_real_logits_each_logit_pulls_upwards(objective):
    if objective.needs_real:
        with pytest.raises(ValueError, match="real is None"):
            objective.generator(logits(4), None)
        return
    # GANetic's has an optimum, so it is looked at where D rejects
    fake = (logits(64) - 6 * (objective.name == "ganetic")).requires_grad_()
    objective.generator(fake, None).backward()
    assert (fake.grad < 0).all()


def test_conformance_real_logits_are_ignored_unless_needed(objective):
    fake = logits(6)
    first, second = (objective.generator(fake, logits(6, seed=seed)) for seed in (1, 2))
    assert bool(first == second) is not objective.needs_real


def test_conformance_any_shape_means_the_same(objective):
    fake, real = logits(12), logits(6, seed=1)
    expected = objective.generator(fake, real)
    for shape in [(12, 1), (3, 1, 2, 2)]:
        assert objective.generator(fake.reshape(shape), real.reshape(6, 1)) == expected


def test_conformance_empty_or_integer_logits_are_refused(objective):
    real = logits(3)
    with pytest.raises(ValueError, match=r"fake is empty, of shape \(0, 1\)"):
        objective.generator(torch.empty(0, 1), real)
    with pytest.raises(ValueError, match=r"fake must be a floating-point tensor.*int64"):
        objective.generator(torch.ones(3, dtype=torch.int64), real)
    with pytest.raises(ValueError, match=r"fake must be a floating-point tensor.*list"):
        objective.generator([0.0], real)
    if objective.needs_real:
        with pytest.raises(ValueError, match="real is empty"):
            objective.generator(real, torch.empty(0))


def test_conformance_the_function_travels_to_another_process(objective):
    copy = pickle.loads(pickle.dumps(objective))
    assert copy == objective
