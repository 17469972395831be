// The engine's plain C interface, as paribus.engine.native calls it through ctypes.
#include "gather.hpp"
#include "network.hpp"

#define PARIBUS_API extern "C" __attribute__((visibility("default")))
using paribus::Description;
using paribus::Images;
using paribus::Network;

PARIBUS_API Network *paribus_new(const Description *stages, int count, int batch) {
    return new Network(stages, count, batch);
}

PARIBUS_API void paribus_free(Network *network) { delete network; }

PARIBUS_API double paribus_learn(Network *network, Images images) { return network->learn(images); }

PARIBUS_API void paribus_answer(Network *network, Images images, float *answers) {
    network->answer(images, answers);
}

PARIBUS_API void paribus_gather(paribus::Gathering its, float *to) { paribus::gather(its, to); }
