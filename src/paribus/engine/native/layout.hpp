// How numbers lie in memory, and the vectors that compute with them.
//
// A batch is cut into blocks of 16 images. Between two stages, a block lies as
//
//     [row][column][channel][image]      image 0 .. 15 side by side
//
//      row 0, column 0                 row 0, column 1
//     +-------------+-------------+   +-------------+----
//     | channel 0   | channel 1   |   | channel 0   |
//     | i0 i1 .. i15| i0 i1 .. i15|   | i0 i1 .. i15|
//     +-------------+-------------+   +-------------+----
//
// so that one instruction computes the same of several images, whatever the number of channels.
// The last block of a batch is filled up with zeros.
// Where images differ in what they do, as behind a max pooling, they lie one after the other,
// [image][row][column][channel]: "rows" in what follows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace paribus {

constexpr int BLOCK = 16;  // images

// As many numbers as a register of this instruction set holds, and how many registers there are.
#if defined(__AVX512F__)
constexpr int LANES = 16, REGISTERS = 32;
#elif defined(__AVX__)
constexpr int LANES = 8, REGISTERS = 16;
#elif defined(__aarch64__)
constexpr int LANES = 4, REGISTERS = 32;
#else
constexpr int LANES = 4, REGISTERS = 16;
#endif
constexpr int PARTS = BLOCK / LANES;
// Sums that are kept in registers at a time; the others hold what is multiplied.
constexpr int SUMS = REGISTERS == 32 ? 24 : 12;

typedef float Vec __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t Mask __attribute__((vector_size(LANES * sizeof(int32_t))));  // a comparison's

// A template's wide vectors never cross an interface, where their ABI would matter.
#pragma GCC diagnostic ignored "-Wpsabi"

inline Vec load(const float *from) {
    Vec result;
    std::memcpy(&result, from, sizeof result);
    return result;
}
inline Mask load(const int32_t *from) {
    Mask result;
    std::memcpy(&result, from, sizeof result);
    return result;
}
inline void store(float *to, Vec value) { std::memcpy(to, &value, sizeof value); }
inline void store(int32_t *to, Mask value) { std::memcpy(to, &value, sizeof value); }

inline Vec every(float value) { return value - Vec{}; }

inline float sum(Vec value) {
    float total = 0;
    for (int i = 0; i < LANES; i++) total += value[i];
    return total;
}

// Zeros at an address that every vector likes. Some room behind them may be read, not used.
template <class T>
class Array {
  public:
    explicit Array(size_t count = 0) : count_(count), numbers_(new (ALIGNMENT) T[count + ROOM]) {
        clear();
    }
    operator T *() const { return numbers_.get(); }
    size_t count() const { return count_; }
    void clear() {
        std::memset(static_cast<void *>(numbers_.get()), 0, (count_ + ROOM) * sizeof(T));
    }

  private:
    static constexpr size_t ROOM = 64;
    static constexpr std::align_val_t ALIGNMENT{64};
    struct Free {
        void operator()(T *numbers) const { ::operator delete[](numbers, ALIGNMENT); }
    };
    size_t count_;
    std::unique_ptr<T[], Free> numbers_;
};
using Buffer = Array<float>;

struct Shape {
    int channels, height, width;
    int positions() const { return height * width; }
    int size() const { return channels * height * width; }
    // Where the 16 numbers of a channel begin in a block.
    int at(int y, int x, int channel = 0) const {
        return ((y * width + x) * channels + channel) * BLOCK;
    }
};

// What is kept of the last few blocks, or of all blocks of a batch.
template <class T>
class PerBlock {
  public:
    PerBlock(Shape shape, int blocks)
        : size_(ptrdiff_t{shape.size()} * BLOCK), blocks_(blocks),
          numbers_(size_t(blocks * size_)) {}
    T *of(int block) const { return numbers_ + block % blocks_ * size_; }

  private:
    ptrdiff_t size_;
    int blocks_;
    Array<T> numbers_;
};

// Calls f(n) with n, 1 <= n <= MOST, as a constant of the compiler's.
template <int MOST, class F>
void with_constant(int n, F f) {
    if constexpr (MOST > 0) {
        if (n == MOST)
            f(std::integral_constant<int, MOST>{});
        else
            with_constant<MOST - 1>(n, f);
    }
}

// Cuts `count` into parts of at most MOST, as even as can be: f(size, first), size a constant.
template <int MOST, class F>
void each_part(int count, F f) {
    const int parts = (count + MOST - 1) / MOST;
    for (int part = 0, first = 0; part < parts; part++) {
        const int end = static_cast<int>(int64_t{count} * (part + 1) / parts);
        with_constant<MOST>(end - first, [&](auto size) { f(size, first); });
        first = end;
    }
}

// The numbers of two vectors in turn, from `first` on.
template <size_t... I>
inline Vec in_turn(Vec one, Vec other, size_t first, std::index_sequence<I...>) {
    return Vec{(I % 2 ? other : one)[first + I / 2]...};
}

// LANES x LANES numbers change rows for columns: every round brings halves together.
inline void transpose_square(const float *in, ptrdiff_t from, float *out, ptrdiff_t to) {
    constexpr std::make_index_sequence<LANES> all{};
    Vec rows[LANES], next[LANES];
    for (int n = 0; n < LANES; n++) rows[n] = load(in + n * from);
    for (int round = 1; round < LANES; round *= 2) {
        for (int n = 0; n < LANES / 2; n++) {
            next[2 * n] = in_turn(rows[n], rows[n + LANES / 2], 0, all);
            next[2 * n + 1] = in_turn(rows[n], rows[n + LANES / 2], LANES / 2, all);
        }
        for (int n = 0; n < LANES; n++) rows[n] = next[n];
    }
    for (int n = 0; n < LANES; n++) store(out + n * to, rows[n]);
}

// `rows` x `columns` numbers, at most 16 x 16, change rows for columns; `from` and `to` are the
// steps from one row to the next.
inline void transpose(const float *in, ptrdiff_t from, float *out, ptrdiff_t to, int rows,
                      int columns) {
    if (rows >= BLOCK && columns >= BLOCK) {
        for (int i = 0; i < BLOCK; i += LANES)
            for (int j = 0; j < BLOCK; j += LANES)
                transpose_square(in + i * from + j, from, out + j * to + i, to);
        return;
    }
    for (int column = 0; column < columns && column < BLOCK; column++)
        for (int row = 0; row < rows && row < BLOCK; row++)
            out[column * to + row] = in[row * from + column];
}

}  // namespace paribus
