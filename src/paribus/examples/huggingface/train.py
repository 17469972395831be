"""A very small vision transformer on scikit-learn's digits, by Hugging Face's Trainer."""

import argparse

import torch
from sklearn.datasets import load_digits
from transformers import Trainer, TrainingArguments, ViTConfig, ViTForImageClassification, set_seed

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, required=True)
parser.add_argument("--lr", type=float, default=0.003)
parser.add_argument("--out", default=".")
args = parser.parse_args()

digits = load_digits()
pixels = torch.tensor(digits.images).float().unsqueeze(1) / 16
images = [{"pixel_values": x, "labels": y} for x, y in zip(pixels, digits.target, strict=True)]
set_seed(args.seed)  # before the network is built
config = ViTConfig(
    image_size=8, patch_size=4, num_channels=1, num_labels=10, hidden_size=32,
    num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
)  # fmt: skip
trainer = Trainer(
    ViTForImageClassification(config),
    TrainingArguments(
        args.out, seed=args.seed, learning_rate=args.lr, num_train_epochs=6,
        per_device_train_batch_size=32, per_device_eval_batch_size=597, eval_strategy="epoch",
        save_strategy="no", report_to="none", disable_tqdm=True, use_cpu=True,
    ),
    train_dataset=images[:1200],
    eval_dataset=images[1200:],
    compute_metrics=lambda p: {"accuracy": (p.predictions.argmax(1) == p.label_ids).mean()},
)  # fmt: skip
trainer.train()
trainer.save_state()
