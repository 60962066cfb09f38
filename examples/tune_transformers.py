"""Tune a Trainer of Hugging Face's while it trains: python examples/tune_transformers.py [--quick].

A small BERT, from scratch, says whether a sum of three digits is above 13. Nothing is downloaded.
"""
# ruff: noqa: D101 - an example is read from top to bottom

import sys
from functools import partial

import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

from population import LogUniform, Ordinal, PopulationBasedTraining, Search
from population.adapters.transformers import TransformersMember


class Sums(torch.utils.data.Dataset):
    def __init__(self, first, last):
        self.rows = range(first, last)

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, place):
        row = 7 * self.rows[place] % 1000  # in no order
        digits = torch.tensor([row // 100, row // 10 % 10, row % 10])
        return {"input_ids": digits, "labels": int(digits.sum() > 13)}


def trainer(hyperparameters):
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = BertConfig(vocab_size=10, intermediate_size=32, max_position_embeddings=4, **sizes)
    arguments = TrainingArguments(
        max_steps=2000,  # the length of the learning rate's schedule
        per_device_train_batch_size=32,
        data_seed=0,  # gives the order of the data, which a resumed training goes on in
        report_to="none",
        use_cpu=True,
        **hyperparameters,
    )
    model = BertForSequenceClassification(config)
    data = {"train_dataset": Sums(0, 800), "eval_dataset": Sums(800, 1000)}
    return Trainer(model=model, args=arguments, **data)


quick = "--quick" in sys.argv
member = partial(TransformersMember, trainer=trainer, interval=10 if quick else 100)
space = {"learning_rate": LogUniform(1e-4, 1e-1), "weight_decay": Ordinal([0.0, 0.01, 0.1])}
strategy = PopulationBasedTraining(space, population_size=3 if quick else 8)
result = Search(member, strategy, seed=0).run(2 if quick else 20)
print(f"loss {-result.best.scores['fitness']:.3f} with\n{result.schedule().frame()}")
