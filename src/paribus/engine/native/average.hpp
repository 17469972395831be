// Average pooling.
#pragma once

#include "stage.hpp"

namespace paribus {

class Average : public Stage {
  public:
    explicit Average(const Description &its) : from_(its.from), to_(its.to), pool_(its.pool) {}

    void forward(int, const Values &its, bool) override {
        const float share = 1.0f / float(pool_.size());
        for (int y = 0; y < to_.height; y++)
            for (int x = 0; x < to_.width; x++)
                for (int n = 0; n < from_.channels * BLOCK; n += LANES) {
                    Vec total{};
                    each_pixel(y, x, [&](int pixel) { total += load(its.inputs + pixel + n); });
                    store(its.outputs + to_.at(y, x) + n, total * share);
                }
    }

    void backward(int, const Values &, const Gradients &its) override {
        if (!its.by_inputs) return;
        const float share = 1.0f / float(pool_.size());
        std::fill_n(its.by_inputs, from_.size() * BLOCK, 0.0f);
        for (int y = 0; y < to_.height; y++)
            for (int x = 0; x < to_.width; x++)
                each_pixel(y, x, [&](int pixel) {
                    for (int n = 0; n < from_.channels * BLOCK; n += LANES) {
                        float *to = its.by_inputs + pixel + n;
                        store(to, load(to) + load(its.by_outputs + to_.at(y, x) + n) * share);
                    }
                });
    }

  private:
    // f(where a pixel of a window begins).
    template <class F>
    void each_pixel(int y, int x, F f) const {
        for (int row = 0; row < pool_.height; row++)
            for (int column = 0; column < pool_.width; column++)
                f(from_.at(y * pool_.stride_y + row, x * pool_.stride_x + column));
    }

    Shape from_, to_;
    Pooling pool_;
};

}  // namespace paribus
