// A network: its stages, in groups through which a block goes at once.
//
// Batch normalization needs something of the whole batch: on the way forward the inputs' mean and
// variance, on the way back two sums. So a group ends before each of its stages, and all blocks
// pass through a group before the first one enters the next. The last group turns round: a block
// goes through it forward and back while it is in the cache.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "average.hpp"
#include "dropout.hpp"
#include "loss.hpp"
#include "memory.hpp"
#include "pointwise.hpp"
#include "pooled.hpp"
#include "pooling.hpp"

namespace paribus {

// Images as they come: [image][channel][row][column], of floats.
struct Images {
    const float *pixels;
    int count;
    const float *const *dropout;  // factors of each of its stages, in blocks
    // What they are to be classified as: labels, or [image][class], weighted and divided as for
    // the batch's mean; then the logarithms of what the network says are written, in this order.
    const int64_t *labels;
    const float *targets;
    float *log_probabilities;
};

class Network {
  public:
    // For batches of at most `batch` images.
    Network(const Description *stages, int count, int batch)
        : its_(stages, stages + count), plan_(its_), from_(its_[0].from),
          filled_up_(size_t(BLOCK) * from_.size()) {
        const int blocks = blocks_of(batch);
        for (int n = 0; n < count; n++) add(n, plan_.is_last(n) ? 1 : blocks);
        memory_ = std::make_unique<Memory>(its_, stages_, plan_, blocks);
        classes_ = its_.back().to.size();
    }

    // What the last stage says in evaluation mode: [image][class].
    void answer(Images images, float *answers) {
        for (auto &stage : stages_) stage->prepare(false);
        for (int block = 0; block < blocks_of(images.count); block++) {
            forward(images, block, 0, last(), false);
            for (int image = 0; image < in_block(images, block); image++)
                for (int c = 0; c < classes_; c++)
                    *answers++ = memory_->value(last(), block)[c * BLOCK + image];
        }
    }

    // The mean cross entropy of a batch by its labels, 0 without them; leaves the gradients where
    // the descriptions say.
    double learn(Images images) {
        const int blocks = blocks_of(images.count);
        for (auto &stage : stages_) stage->prepare(true);
        for (size_t n = 0; n < dropouts_.size(); n++) dropouts_[n]->take(images.dropout[n]);
        int begin = 0;
        for (const auto &[n, normalization] : normalizations_) {
            for (int block = 0; block < blocks; block++) {
                forward(images, block, begin, n, true);
                normalization->observe(block, memory_->value(its_[n].source, block));
            }
            normalization->settle_forward(images.count);
            begin = n;
        }
        double loss = 0;
        size_t left = normalizations_.size();
        for (int block = 0; block < blocks; block++) {
            forward(images, block, begin, last(), true);
            loss += judge(images, block);
            backward(block, last(), left);
        }
        while (left-- > 0) {
            normalizations_[left].second->settle_backward();
            for (int block = 0; block < blocks; block++) {
                make_again(block, left);
                backward(block, normalizations_[left].first + 1, left);
            }
        }
        for (auto &stage : stages_) stage->finish();
        return loss / images.count;
    }

  private:
    static int blocks_of(int images) { return (images + BLOCK - 1) / BLOCK; }
    static int in_block(const Images &images, int block) {
        return std::min(images.count - block * BLOCK, BLOCK);
    }
    int last() const { return int(stages_.size()); }

    void add(int n, int blocks) {
        auto put = [&](auto *stage) {
            stages_.emplace_back(stage);
            return stage;
        };
        const Description &its = its_[n];
        switch (its.kind) {
            case Kind::convolution: put(new Convolution(its)); break;
            case Kind::pooled_convolution: put(new PooledConvolution(its, blocks)); break;
            case Kind::average: put(new Average(its)); break;
            case Kind::dropout: dropouts_.push_back(put(new Dropout(its.from))); break;
            case Kind::activation: {
                Activation *stage;
                if (its.pools())
                    stage = put(new MaxPooling(its, blocks));
                else
                    stage = put(new Pointwise(its, plan_.beside(n), blocks));
                if (its.normalized()) normalizations_.emplace_back(n, stage);
            }
        }
    }

    Values values(int n, int block) const {
        const Description &its = its_[n];
        return {memory_->value(its.source, block),
                its.beside.value < 0 ? nullptr : memory_->value(its.beside.value, block),
                memory_->value(n + 1, block)};
    }

    // Through the stages from `begin` to before `end`.
    void forward(const Images &images, int block, int begin, int end, bool training) {
        if (begin == 0) enter(images, block);
        for (int n = begin; n < end; n++) stages_[n]->forward(block, values(n, block), training);
    }

    // What wasn't kept of a group, from its normalization on.
    void make_again(int block, size_t normalizations) {
        const int end = normalizations_[normalizations].first;
        for (int n = behind(normalizations) - 1; n < end; n++)
            if (n >= 0 && memory_->is_made_again(n + 1))
                stages_[n]->forward(block, values(n, block), true);
    }

    // The stage behind the last of so many normalizations.
    int behind(size_t normalizations) const {
        return normalizations > 0 ? normalizations_[normalizations - 1].first + 1 : 0;
    }

    // Back through the stages before `end`, down to behind the normalization before.
    void backward(int block, int end, size_t normalizations) {
        const int begin = behind(normalizations);
        for (int n = end; n-- > begin;) {
            if (!plan_.needs_gradient(n + 1)) continue;
            const int source = its_[n].source;
            stages_[n]->backward(
                block, values(n, block),
                {memory_->gradient(n + 1, block),
                 plan_.needs_gradient(source) ? memory_->gradient(source, block) : nullptr,
                 memory_->by_beside(n, block), plan_.adds(n)});
        }
        if (normalizations > 0)
            normalizations_[normalizations - 1].second->reckon(block, values(begin - 1, block),
                                                               memory_->gradient(begin, block));
    }

    // A block's images, from torch's order to ours.
    void enter(const Images &images, int block) {
        const int here = in_block(images, block), size = from_.size();
        const float *pixels = images.pixels + ptrdiff_t{block} * BLOCK * size;
        if (here < BLOCK) {  // filled up with zeros
            filled_up_.clear();
            std::memcpy(filled_up_, pixels, sizeof(float) * here * size);
            pixels = filled_up_;
        }
        for (int c = 0; c < from_.channels; c++)
            for (int n = 0; n < from_.positions(); n += BLOCK)
                transpose(pixels + c * from_.positions() + n, size,
                          memory_->value(0, block) + (ptrdiff_t{n} * from_.channels + c) * BLOCK,
                          from_.channels * BLOCK, BLOCK, from_.positions() - n);
    }

    // The sum of a block's cross entropies, and the gradients of the batch's loss.
    double judge(const Images &images, int block) {
        const float *logits = memory_->value(last(), block);
        float *gradients = memory_->gradient(last(), block);
        std::memset(gradients, 0, sizeof(float) * classes_ * BLOCK);
        double loss = 0;
        for (int image = 0; image < in_block(images, block); image++) {
            float largest = logits[image];
            for (int c = 1; c < classes_; c++)
                largest = std::max(largest, logits[c * BLOCK + image]);
            double total = 0;
            for (int c = 0; c < classes_; c++)
                total += std::exp(double(logits[c * BLOCK + image]) - largest);
            const Softmax its{logits + image, gradients + image, largest, total, classes_};
            const ptrdiff_t number = block * BLOCK + image;
            if (images.targets)
                its.follow(images.targets + number * classes_,
                           images.log_probabilities + number * classes_);
            else
                loss += its.follow(images.labels[number], images.count);
        }
        return loss;
    }

    std::vector<Description> its_;
    Plan plan_;
    Shape from_;
    int classes_;
    std::vector<std::unique_ptr<Stage>> stages_;
    std::unique_ptr<Memory> memory_;
    std::vector<std::pair<int, Activation *>> normalizations_;
    std::vector<Dropout *> dropouts_;
    Buffer filled_up_;
};

}  // namespace paribus
