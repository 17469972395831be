"""A network of two layers on scikit-learn's digits, in plain PyTorch."""

import argparse
import json
from pathlib import Path

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import paribus

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int)
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--dropout", type=float, default=0.0)
parser.add_argument("--epochs", type=int, default=10)
parser.add_argument("--out", default=".")
args = parser.parse_args()

x, y = torch.tensor(load_digits().data).float() / 16, torch.tensor(load_digits().target)
streams = paribus.streams(args.seed)
train = TensorDataset(x[:1200], y[:1200])
loader = DataLoader(train, batch_size=32, shuffle=True, **streams.loader_kwargs("order"))
streams.seed_globals()  # for initial values
model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Dropout(args.dropout), nn.Linear(64, 10))
optimizer = torch.optim.SGD(model.parameters(), args.lr)
losses = []
for epoch in range(1, args.epochs + 1):
    streams.seed_globals(epoch)  # for dropout
    for images, labels in loader:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
    losses.append(loss.item())
correct = model.eval()(x[1200:]).argmax(1) == y[1200:]
metrics = {"test_acc": correct.float().mean().item(), "train_loss": losses}
Path(args.out, "metrics.json").write_text(json.dumps(metrics))
