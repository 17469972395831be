"""A network of two layers on scikit-learn's digits, by Lightning and its CSVLogger."""

import argparse

import lightning
import torch
from lightning.pytorch.loggers import CSVLogger
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import paribus


class Digits(lightning.LightningModule):
    def __init__(self, width):
        super().__init__()
        self.network = nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 10))

    def training_step(self, batch):
        return nn.functional.cross_entropy(self.network(batch[0]), batch[1])

    def validation_step(self, batch):
        self.log("val_acc", (self.network(batch[0]).argmax(1) == batch[1]).float().mean())

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), 0.003)


parser = argparse.ArgumentParser()
parser.add_argument("--width", type=int, default=32)
parser.add_argument("--out", default=".")
args = parser.parse_args()
x, y = torch.tensor(load_digits().data).float() / 16, torch.tensor(load_digits().target)
streams = paribus.streams()  # of the seed that Paribus puts into the environment
train = DataLoader(TensorDataset(x[:1200], y[:1200]), 32, shuffle=True, **streams.loader_kwargs())
streams.seed_globals()  # for initial values
log = CSVLogger(args.out, name="logs", version=0)
trainer = lightning.Trainer(max_epochs=5, logger=log, enable_checkpointing=False, accelerator="cpu")
trainer.fit(Digits(args.width), train, DataLoader(TensorDataset(x[1200:], y[1200:]), 597))
