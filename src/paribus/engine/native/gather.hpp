// A batch of training images out of bytes: mirrored, shifted, normalized by a table, cut out.
#pragma once

#include <algorithm>
#include <cstdint>

namespace paribus {

// As ctypes hands it over; the images are [image][channel][row][column].
struct Gathering {
    const uint8_t *images;
    const int64_t *index;    // of each image of the batch
    const int64_t *moves;    // [image][mirrored, down, right]
    const int64_t *centers;  // [image][row, column] of the square to cut out; null for none
    const float *values;     // [channel][byte]: what each byte becomes
    int64_t count;
    int channels, height, width, side;
};

// Where a shift uncovers something and where a square is cut out, the result is 0.
inline void gather(const Gathering &its, float *to) {
    const int height = its.height, width = its.width;
    for (int64_t n = 0; n < its.count; n++) {
        const bool mirrored = its.moves[3 * n];
        const int down = int(its.moves[3 * n + 1]), right = int(its.moves[3 * n + 2]);
        const int first = std::max(0, right), last = std::min(width, width + right);
        for (int c = 0; c < its.channels; c++) {
            const uint8_t *from =
                its.images + (its.index[n] * its.channels + c) * int64_t(height) * width;
            const float *values = its.values + 256 * c;
            for (int y = 0; y < height; y++, to += width) {
                std::fill_n(to, width, 0.0f);
                if (y < down || y >= height + down) continue;
                const uint8_t *row = from + int64_t(y - down) * width;
                if (mirrored)
                    for (int x = first; x < last; x++) to[x] = values[row[width - 1 - x + right]];
                else
                    for (int x = first; x < last; x++) to[x] = values[row[x - right]];
            }
        }
        if (!its.centers) continue;
        const int top = int(its.centers[2 * n]) - its.side / 2;
        const int left = int(its.centers[2 * n + 1]) - its.side / 2;
        const int begin = std::max(0, left), end = std::min(width, left + its.side);
        float *image = to - int64_t(its.channels) * height * width;
        for (int c = 0; c < its.channels; c++)
            for (int y = std::max(0, top); y < std::min(height, top + its.side); y++)
                if (begin < end)
                    std::fill(image + (c * height + y) * int64_t(width) + begin,
                              image + (c * height + y) * int64_t(width) + end, 0.0f);
    }
}

}  // namespace paribus
