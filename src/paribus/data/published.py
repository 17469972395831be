"""Published sets of small images: what each one is, and the files that its authors offer."""

from dataclasses import dataclass

from paribus.data.stl10 import OfficialFile


@dataclass(frozen=True)
class PublishedSet:
    """A set with test images of its own.

    Attributes:
        title: as readers know it.
        description: for lists.
        url: of the folder from which `files` are downloaded.
        files: as they are offered, packed.
        folders: below a named folder, where unpacked files usually lie, by others' names.
        members: the unpacked files, those of the training images first.
        classes: in the order of the labels.
        shape: channels, height and width of every image.
        training, test: how many images.
        labels: bytes before each image of a CIFAR file, of which the last is the class; 0 where
            the files are MNIST's or MATLAB's.
    """

    title: str
    description: str
    url: str
    files: tuple[OfficialFile, ...]
    folders: tuple[str, ...]
    members: tuple[str, ...]
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    training: int
    test: int
    labels: int = 0

    @property
    def is_mat(self) -> bool:
        """Whether it comes in MATLAB's files, which are read as they are offered."""
        return all(file.name.endswith(".mat") for file in self.files)

    @property
    def megabytes(self) -> int:
        """What is downloaded, in millions of bytes."""
        return round(sum(file.size for file in self.files) / 1e6)


#: MNIST's files, and those of the sets that took its format over.
IDX = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


#: The cropped digits of Netzer et al. 2011, without the extra ones. They are packed in themselves.
_SVHN = (
    OfficialFile("train_32x32.mat", 182_040_794, "e26dedcc434d2e4c54c9b2d4a06d8373"),
    OfficialFile("test_32x32.mat", 64_275_384, "eb5a983be6a315427106f1b164d9cef3"),
)


def _like_mnist(
    title: str,
    description: str,
    url: str,
    folders: tuple[str, ...],
    classes: str,
    *files: tuple[int, str],
) -> PublishedSet:
    """A set in MNIST's format; of each file the size and the MD5."""
    return PublishedSet(
        title=title,
        description=f"{description}, 28x28, gray",
        url=url,
        files=tuple(
            OfficialFile(f"{name}.gz", size, md5)
            for name, (size, md5) in zip(IDX, files, strict=True)
        ),
        folders=folders,
        members=IDX,
        classes=tuple(classes.split(", ")),
        shape=(1, 28, 28),
        training=60_000,
        test=10_000,
    )


#: In alphabetical order, as the authors number them.
_HUNDRED = (
    "apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy "
    "bridge bus butterfly camel can castle caterpillar cattle chair chimpanzee clock "
    "cloud cockroach couch crab crocodile cup dinosaur dolphin elephant flatfish "
    "forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion "
    "lizard lobster man maple_tree motorcycle mountain mouse mushroom oak_tree orange "
    "orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine "
    "possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper "
    "snail snake spider squirrel streetcar sunflower sweet_pepper table tank "
    "telephone television tiger tractor train trout tulip turtle wardrobe whale "
    "willow_tree wolf woman worm"
)
_TEN = "airplane automobile bird cat deer dog frog horse ship truck"
_CIFAR = "https://www.cs.toronto.edu/~kriz/"

# Sizes and MD5s are those of TensorFlow Datasets and torchvision.
SETS = {
    "mnist": _like_mnist(
        "MNIST",
        "Handwritten digits",
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        ("MNIST/raw",),
        "0, 1, 2, 3, 4, 5, 6, 7, 8, 9",
        (9_912_422, "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
        (28_881, "d53e105ee54ea40749a09fcbcd1e9432"),
        (1_648_877, "9fb629c4189551a2d022fa330f9573f3"),
        (4_542, "ec29112dd5afa0611ce80d1b7f02629c"),
    ),
    "fashion_mnist": _like_mnist(
        "Fashion-MNIST",
        "Articles of clothing",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ("FashionMNIST/raw",),
        "T-shirt/top, Trouser, Pullover, Dress, Coat, Sandal, Shirt, Sneaker, Bag, Ankle boot",
        (26_421_880, "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        (29_515, "25c81989df183df01b3e8a0aad5dffbe"),
        (4_422_102, "bef4ecab320f06d8554ea6380940ec79"),
        (5_148, "bb300cfdad3c16e7a12a480ee83cd310"),
    ),
    "kmnist": _like_mnist(
        "Kuzushiji-MNIST",
        "Japanese letters in old handwriting",
        "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
        ("KMNIST/raw",),
        "o, ki, su, tsu, na, ha, ma, ya, re, wo",
        (18_165_135, "bdb82020997e1d708af4cf47b453dcf7"),
        (29_497, "e144d726b3acfaa3e44228e80efcd344"),
        (3_041_136, "5c965bf0a639b31b8f53240b1b52f4d7"),
        (5_120, "7320c461ea6c1c855c0b718fb2a4b134"),
    ),
    "cifar10": PublishedSet(
        title="CIFAR-10",
        description="Photographs of animals and vehicles, 32x32, color",
        url=_CIFAR,
        files=(
            OfficialFile("cifar-10-binary.tar.gz", 170_052_171, "c32a1d4ab5d03f1284b67883e8d87530"),
        ),
        folders=("cifar-10-batches-bin",),
        members=(*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"),
        classes=tuple(_TEN.split(" ")),
        shape=(3, 32, 32),
        training=50_000,
        test=10_000,
        labels=1,
    ),
    "cifar100": PublishedSet(
        title="CIFAR-100",
        description="Photographs of a hundred kinds, 32x32, color",
        url=_CIFAR,
        files=(
            OfficialFile(
                "cifar-100-binary.tar.gz", 168_513_733, "03b5dce01913d631647c71ecec9e9cb8"
            ),
        ),
        folders=("cifar-100-binary",),
        members=("train.bin", "test.bin"),
        classes=tuple(_HUNDRED.split(" ")),
        shape=(3, 32, 32),
        training=50_000,
        test=10_000,
        labels=2,
    ),
    "svhn": PublishedSet(
        title="SVHN",
        description="Digits of house numbers in photographs, 32x32, color",
        url="http://ufldl.stanford.edu/housenumbers/",
        files=_SVHN,
        folders=("SVHN",),
        members=tuple(file.name for file in _SVHN),
        classes=tuple("0123456789"),
        shape=(3, 32, 32),
        training=73_257,
        test=26_032,
    ),
}
