import pytest
import torch

from egan.losses.semi_supervised import class_evidence, semi_supervised_loss


def logits(count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return 2 * torch.randn(count, 4, generator=generator, dtype=torch.float64)


def test_the_discriminator_is_the_softmax_with_a_last_logit_of_zero():
    class_logits = logits(6)
    with_fake = torch.cat([class_logits, torch.zeros(6, 1)], dim=1).softmax(1)
    probability = class_evidence(class_logits).sigmoid()
    torch.testing.assert_close(probability, 1 - with_fake[:, -1], rtol=0, atol=1e-12)


def test_the_loss_is_the_negative_log_likelihood_of_k_plus_one_classes():
    labelled, unlabelled, generated = logits(5), logits(7, 1), logits(3, 2)
    labels = torch.tensor([0, 3, 1, 1, 2])
    fake_class = [
        torch.cat([x, torch.zeros(len(x), 1)], dim=1).softmax(1)[:, -1]
        for x in (unlabelled, generated)
    ]
    supervised = -labelled.log_softmax(1)[range(5), labels].mean()
    unsupervised = -(1 - fake_class[0]).log().mean() - fake_class[1].log().mean()
    for weight in (0.0, 1.0, 0.3):
        loss = semi_supervised_loss(
            labelled,
            labels,
            unlabelled=unlabelled,
            generated=generated,
            unlabelled_weight=weight,
        )
        expected = supervised + 0.5 * weight * unsupervised
        torch.testing.assert_close(loss, expected, rtol=0, atol=1e-12)


def test_adding_a_number_to_all_logits_moves_only_real_against_generated():
    labelled, other = logits(4), logits(4, 1)
    losses = [
        semi_supervised_loss(
            labelled + shift,
            torch.zeros(4).long(),
            unlabelled=other,
            generated=other,
        )
        for shift in (0, 5)
    ]
    torch.testing.assert_close(*losses)
    torch.testing.assert_close(class_evidence(labelled + 5), class_evidence(labelled) + 5)


def test_logits_without_classes_are_refused():
    with pytest.raises(ValueError, match=r"\(N, K\)"):
        class_evidence(torch.zeros(3))
