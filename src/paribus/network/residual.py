"""What residual networks are made of: blocks, shortcuts, and stages of blocks."""

from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from paribus.errors import NetworkError

#: From this side on, every stage sees more than one pixel.
SMALLEST = 16


class StochasticDepth(nn.Module):
    """Leaves out a branch in training, for each image by chance (Huang et al. 2016).

    Branches that stay are divided by their probability, so that nothing changes in evaluation
    mode, as in torchvision; the authors multiply there, and leave out a branch for a whole batch.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, branch: Tensor) -> Tensor:
        """From and to (n, ...)."""
        if not self.training:
            return branch
        stays = branch.new_empty(len(branch), *(1,) * (branch.ndim - 1)).bernoulli_(1 - self.rate)
        return branch * (stays / (1 - self.rate))


class Block(nn.Module):
    """A part that adds one or more branches to what it is given, and has one name in a report.

    Attributes:
        in_words: "basic block 16".
        kept: what each branch goes through before it is added.
    """

    def __init__(self, in_words: str) -> None:
        super().__init__()
        self.in_words = in_words
        self.kept: nn.Module = nn.Identity()


def leave_out(network: nn.Module, rate: float) -> None:
    """Stochastic depth: the last block leaves out its branches at `rate`, earlier ones less often.

    Of L blocks, block l does so at `rate` x l / L (Huang et al. 2016, equation 4).
    """
    blocks = [module for module in network.modules() if isinstance(module, Block)]
    for number, block in enumerate(blocks, 1):
        block.kept = StochasticDepth(rate * number / len(blocks))


class Padded(nn.Module):
    """A shortcut without parameters (option A of He et al.): every other pixel, and new channels.

    The new channels are zero, half of them before and half behind the old ones.
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        before = (outputs - inputs) // 2
        self.stride, self.channels = stride, (before, outputs - inputs - before)

    def forward(self, images: Tensor) -> Tensor:
        """From (n, inputs, height, width) to (n, outputs, height / stride, width / stride)."""
        return pad(images[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, *self.channels))


def projected(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    """A shortcut by a 1x1 convolution and batch normalization (option B of He et al.)."""
    convolution = nn.Conv2d(inputs, outputs, kernel_size=1, stride=stride, bias=False)
    return nn.Sequential(OrderedDict(conv=convolution, norm=nn.BatchNorm2d(outputs)))


#: Makes the shortcut of a block that changes the size or channels of its images.
Shortcut = Callable[[int, int, int], nn.Module]


class BasicBlock(Block):
    """Two 3x3 convolutions with batch normalization beside a shortcut (He et al. 2016)."""

    def __init__(self, inputs: int, outputs: int, stride: int, shortcut: Shortcut) -> None:
        super().__init__(f"basic block {outputs}")
        self.conv1 = conv3x3(inputs, outputs, stride)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = conv3x3(outputs, outputs)
        self.norm2 = nn.BatchNorm2d(outputs)
        same = stride == 1 and inputs == outputs
        self.shortcut = nn.Identity() if same else shortcut(inputs, outputs, stride)

    def forward(self, images: Tensor) -> Tensor:
        """From (n, inputs, height, width) to (n, outputs, height / stride, width / stride)."""
        hidden = torch.relu(self.norm1(self.conv1(images)))
        branch = self.kept(self.norm2(self.conv2(hidden)))
        return torch.relu(branch + self.shortcut(images))


def conv3x3(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    """A 3x3 convolution that keeps the size at stride 1; batch normalization follows it."""
    return nn.Conv2d(inputs, outputs, kernel_size=3, stride=stride, padding=1, bias=False)


def stage(
    block: Callable[[int, int, int], Block], blocks: int, inputs: int, outputs: int, stride: int
) -> nn.Sequential:
    """Blocks in a row, made from `inputs`, `outputs` and `stride`; the first alone changes them."""
    rest = (block(outputs, outputs, 1) for _ in range(blocks - 1))
    return nn.Sequential(block(inputs, outputs, stride), *rest)


def require_size(kind: str, height: int, width: int, smallest: int = SMALLEST) -> None:
    """Refuse images that would leave the last stages nothing to look at.

    Raises:
        NetworkError: a side is smaller than `smallest`.
    """
    if min(height, width) < smallest:
        raise NetworkError(
            f"{kind}: expected images of at least {smallest}x{smallest} pixels, got "
            f"{height}x{width}. Set data.size to {smallest} or more."
        )
