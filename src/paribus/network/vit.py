"""ViT-Tiny for small images: a vision transformer with the layers of DeiT-Tiny.

Source: Touvron et al. 2021, Training Data-Efficient Image Transformers & Distillation through
Attention, table 1: 12 blocks, 3 heads, 192 channels, and the vision transformer of Dosovitskiy et
al. 2021, An Image is Worth 16x16 Words, which normalizes before each branch and classifies by an
extra token. Theirs cut 224x224 pixels into patches of 16x16; these are of 4x4 pixels by default.
For color images of 32x32 pixels and 10 classes: 5.4 million parameters, 365 million multiply-adds.

Its authors published no accuracy with small images. Without pretraining, transformers need more
images, augmentation and epochs than convolutions do.
"""

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from paribus.errors import NetworkError
from paribus.network.residual import Block

#: As DeiT-Tiny has them.
WIDTH, DEPTH, HEADS = 192, 12, 3
#: Added to a variance before it divides, as in the authors' code.
EPSILON = 1e-6


class Tokens(nn.Module):
    """Patches in a row behind a token for the class, each with what it learns of its position."""

    def __init__(self, patches: int) -> None:
        super().__init__()
        self.class_token = nn.Parameter(torch.empty(1, 1, WIDTH))
        self.positions = nn.Parameter(torch.empty(1, 1 + patches, WIDTH))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw both from a normal distribution with standard deviation 0.02."""
        nn.init.trunc_normal_(self.class_token, std=0.02)
        nn.init.trunc_normal_(self.positions, std=0.02)

    def forward(self, patches: Tensor) -> Tensor:
        """From (n, width, rows, columns) to (n, 1 + rows x columns, width)."""
        row = patches.flatten(2).transpose(1, 2)
        return torch.cat([self.class_token.expand(len(row), -1, -1), row], dim=1) + self.positions


class Attention(nn.Module):
    """What each token takes from all others, by several heads (Vaswani et al. 2017)."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.project = nn.Linear(WIDTH, WIDTH)

    def forward(self, tokens: Tensor) -> Tensor:
        """From and to (n, tokens, width)."""
        n, count, width = tokens.shape
        heads = self.qkv(tokens).reshape(n, count, 3, HEADS, width // HEADS)
        query, key, value = heads.permute(2, 0, 3, 1, 4)
        mixed = scaled_dot_product_attention(query, key, value)
        answer: Tensor = self.project(mixed.transpose(1, 2).reshape(n, count, width))
        return answer


class TransformerBlock(Block):
    """Attention, then two dense layers with GELU, each normalized before and added to its input."""

    def __init__(self) -> None:
        super().__init__(f"transformer block {WIDTH}")
        self.norm1 = nn.LayerNorm(WIDTH, eps=EPSILON)
        self.attention = Attention()
        self.norm2 = nn.LayerNorm(WIDTH, eps=EPSILON)
        self.fc1 = nn.Linear(WIDTH, 4 * WIDTH)
        self.gelu = nn.GELU()
        self.fc2 = nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, tokens: Tensor) -> Tensor:
        """From and to (n, tokens, width)."""
        mixed: Tensor = self.kept(self.attention(self.norm1(tokens)))
        tokens = tokens + mixed
        changed: Tensor = self.kept(self.fc2(self.gelu(self.fc1(self.norm2(tokens)))))
        return tokens + changed


class FirstToken(nn.Module):
    """The token for the class."""

    def forward(self, tokens: Tensor) -> Tensor:
        """From (n, tokens, width) to (n, width)."""
        return tokens[:, 0]


def vit_tiny(shape: tuple[int, int, int], classes: int, patch: int) -> nn.Sequential:
    """A network for images of `shape` in patches of `patch` x `patch` pixels, returning logits.

    Takes (n, *shape), shape being (channels, height, width), and gives (n, classes).

    Raises:
        NetworkError: the images can't be cut into such patches.
    """
    channels, height, width = shape
    if height % patch or width % patch:
        raise NetworkError(
            f"vit_tiny: expected images whose sides are multiples of patch, {patch}, got "
            f"{height}x{width}. Set network.patch or data.size."
        )
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        conv=nn.Conv2d(channels, WIDTH, kernel_size=patch, stride=patch),
        tokens=Tokens((height // patch) * (width // patch)),
        blocks=nn.Sequential(*(TransformerBlock() for _ in range(DEPTH))),
        norm=nn.LayerNorm(WIDTH, eps=EPSILON),
        first=FirstToken(),
        fc=nn.Linear(WIDTH, classes),
    )
    return nn.Sequential(layers)
