// What follows a layer, as one stage: [batch normalization], [ReLU], [max pooling], in this order.
#pragma once

#include <cmath>
#include <vector>

#include "stage.hpp"

namespace paribus {

// The batch normalization is Ioffe and Szegedy's (2015, algorithm 1); weight and bias are gamma and
// beta.
class Activation : public Stage {
  public:
    Activation(const Description &its, int blocks)
        : its_(its), from_(its.from), to_(its.to), pool_(its.pool), normalized_(its.normalized()),
          channels_(from_.channels, {1, 0, 0, 0, 0, 0}), winners_(to_, blocks),
          peaks_(normalized_ ? to_ : Shape{}, blocks),
          moments_({2 * from_.channels, 1, 1}, normalized_ ? blocks : 1),
          sums_(size_t(from_.channels) * 2 * LANES) {}

    void prepare(bool training) override {
        sums_.clear();
        for (int c = 0; normalized_ && !training && c < from_.channels; c++)
            normalize_by(c, its_.running_mean[c], its_.running_variance[c]);
    }

    // ---- before `forward`: mean and variance of every channel in the batch ----------------------

    // Of each image: its mean and its squared differences from it.
    void observe(int block, const float *inputs) {
        const float count = float(from_.positions());
        for (int c = 0; c < from_.channels; c++)
            for (int i = 0; i < BLOCK; i += LANES) {
                const float *x = inputs + c * BLOCK + i;
                Vec mean = load(x), squares{};
                // Once more about the mean: what is far from it must not drown a small variance.
                for (int round = 0; round < 2; round++) {
                    Vec total{};
                    squares = total;
                    for (int n = 0; n < from_.positions(); n++) {
                        const Vec difference = load(x + from_.at(0, n)) - mean;
                        total += difference;
                        squares += difference * difference;
                    }
                    squares -= total * total / count;
                    mean += total / count;
                }
                float *to = moments_.of(block) + c * 2 * BLOCK + i;
                store(to, mean);
                store(to + BLOCK, squares);
            }
    }

    // Images put together: Chan, Golub and LeVeque 1983, equation 2.1.
    void settle_forward(int images) {
        images_ = images;
        const double n = from_.positions(), all = n * images;
        for (int c = 0; c < from_.channels; c++) {
            auto its = [&](int image) {
                return moments_.of(image / BLOCK) + c * 2 * BLOCK + image % BLOCK;
            };
            double mean = 0, squares = 0;
            for (int image = 0; image < images; image++) mean += *its(image) / images;
            for (int image = 0; image < images; image++)
                squares += its(image)[BLOCK] + n * (*its(image) - mean) * (*its(image) - mean);
            normalize_by(c, mean, squares / all);
            auto run = [&](float &kept, double now) {
                kept = float(kept + its_.momentum * (now - kept));
            };
            run(its_.running_mean[c], mean);
            run(its_.running_variance[c], squares / (all - 1));
        }
    }

    void forward(int block, const float *inputs, float *outputs, bool) override {
        for (int y = 0; y < to_.height; y++)
            for (int x = 0; x < to_.width; x++)
                for (int c = 0; c < to_.channels; c++)
                    for (int i = 0; i < BLOCK; i += LANES) {
                        const ptrdiff_t place = to_.at(y, x, c) + i;
                        const Channel &its = channels_[c];
                        Largest best;
                        Vec peak{};
                        each_position(y, x, [&](int number, ptrdiff_t pixel) {
                            const Vec input = load(inputs + pixel + c * BLOCK + i);
                            peak = best.take(input * its.scale + its.shift, number) ? input : peak;
                        });
                        const Mask dead = its_.relu ? best.value <= 0 : Mask{};
                        store(outputs + place, dead ? Vec{} : best.value);
                        store(winners_.of(block) + place, dead ? Mask{} - 1 : best.number);
                        if (normalized_) store(peaks_.of(block) + place, peak);
                    }
    }

    // ---- before `backward`: the sums that every input's gradient depends on ---------------------

    void reckon(int block, const float *gradients) {
        const int32_t *winners = winners_.of(block);
        const float *peaks = peaks_.of(block);
        for (int n = 0; n < to_.size() * BLOCK; n += LANES) {
            const int c = n / BLOCK % to_.channels;
            float *sums = sums_ + c * 2 * LANES;
            const Vec gradient = load(winners + n) < 0 ? Vec{} : load(gradients + n);
            store(sums, load(sums) + gradient);
            store(sums + LANES,
                  load(sums + LANES) + gradient * (load(peaks + n) - channels_[c].mean));
        }
    }

    void settle_backward() {
        const double all = double(from_.positions()) * images_;
        for (int c = 0; c < from_.channels; c++) {
            Channel &its = channels_[c];
            const double gradient = sum(load(sums_ + c * 2 * LANES));
            const double product = sum(load(sums_ + c * 2 * LANES + LANES)) * its.inverse_deviation;
            its_.learned.weight_gradient[c] = float(product);
            its_.learned.bias_gradient[c] = float(gradient);
            // by inputs: scale * (gradient - mean(gradient) - x^ * mean(gradient * x^))
            const double slope = -its.scale * product * its.inverse_deviation / all;
            its.by_value = float(slope);
            its.by_constant = float(-its.scale * gradient / all);
        }
    }

    void backward(int block, const float *inputs, const float *gradients,
                  float *by_inputs) override {
        if (!by_inputs) return;
        // Rows; those of the next windows are filled just before, while they are near.
        int filled = 0;
        for (int y = 0; y < to_.height; y++) {
            const int seen = y * pool_.stride_y - pool_.pad_y + pool_.height;
            const int end = y + 1 == to_.height ? from_.height : std::min(seen, from_.height);
            for (; filled < end; filled++) fill(block, inputs, by_inputs, filled);
            for (int x = 0; x < to_.width; x++)
                each_position(y, x, [&](int number, ptrdiff_t pixel) {
                    const int32_t *winners = winners_.of(block) + to_.at(y, x);
                    const float *its = gradients + to_.at(y, x);
                    float *to = by_inputs + pixel;
                    for (int n = 0; n < to_.channels * BLOCK; n += LANES) {
                        const Vec gradient = load(its + n) * channels_[n / BLOCK].scale;
                        store(to + n,
                              load(to + n) + (load(winners + n) == number ? gradient : Vec{}));
                    }
                });
        }
    }

  private:
    // values = inputs * scale + shift; by inputs: (inputs - mean) * by_value + by_constant, and
    // gradient * scale where there is one.
    struct Channel {
        float scale, shift, mean, by_value, by_constant;
        double inverse_deviation;
    };

    void normalize_by(int c, double mean, double variance) {
        const double inverse = 1 / std::sqrt(variance + its_.epsilon);
        const double scale = its_.learned.weight[c] * inverse;
        channels_[c] = {float(scale), float(its_.learned.bias[c] - mean * scale), float(mean), 0, 0,
                        inverse};
    }

    // f(number in the window, where the pixel begins) for what a window sees of the image.
    template <class F>
    void each_position(int y, int x, F f) const {
        const int top = y * pool_.stride_y - pool_.pad_y, left = x * pool_.stride_x - pool_.pad_x;
        for (int row = std::max(0, -top); row < std::min(pool_.height, from_.height - top); row++)
            for (int column = std::max(0, -left);
                 column < std::min(pool_.width, from_.width - left); column++)
                f(row * pool_.width + column, from_.at(top + row, left + column));
    }

    // What batch normalization hands to every position of a row, in each image that there is.
    void fill(int block, const float *inputs, float *by_inputs, int y) {
        const int images = images_ - block * BLOCK;
        for (int n = from_.at(y, 0); n < from_.at(y + 1, 0); n += LANES) {
            const Channel &its = channels_[n / BLOCK % from_.channels];
            Vec value = normalized_ ? (load(inputs + n) - its.mean) * its.by_value + its.by_constant
                                    : Vec{};
            for (int lane = 0; normalized_ && images < BLOCK && lane < LANES; lane++)
                if (n % BLOCK + lane >= images) value[lane] = 0;
            store(by_inputs + n, value);
        }
    }

    Description its_;
    Shape from_, to_;
    Pooling pool_;
    bool normalized_;
    int images_ = 0;  // of the batch
    std::vector<Channel> channels_;
    PerBlock<int32_t> winners_;  // as the outputs: the number in the window, -1 if dead
    PerBlock<float> peaks_;      // as the outputs: the winners before normalization
    PerBlock<float> moments_;    // [channel][mean, squared differences][image]
    Buffer sums_;                // [channel][gradients, gradients * (inputs - mean)][lane]
};

}  // namespace paribus
