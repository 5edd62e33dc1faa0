// Adds two vectors on the GPU and compares each sum with that of the processor; prints the number of wrong ones.
#include <cstdio>
#include <cstdlib>
#include <vector>

__global__ void add(const double *left, const double *right, double *sums, int count) {
    int place = blockIdx.x * blockDim.x + threadIdx.x;
    if (place < count) sums[place] = left[place] + right[place];
}

static void check(cudaError_t error) {
    if (error == cudaSuccess) return;
    std::fprintf(stderr, "CUDA error %d: %s\n", static_cast<int>(error), cudaGetErrorString(error));
    std::exit(1);
}

int main(int argc, char **argv) {
    const int count = 1 << 20;
    check(cudaSetDevice(argc > 1 ? std::atoi(argv[1]) : 0));
    std::vector<double> left(count), right(count), sums(count);
    for (int place = 0; place < count; ++place) {
        left[place] = place;
        right[place] = 2.0 * place + 1;
    }
    double *memory;
    check(cudaMalloc(&memory, 3 * count * sizeof(double)));
    check(cudaMemcpy(memory, left.data(), count * sizeof(double), cudaMemcpyHostToDevice));
    check(cudaMemcpy(memory + count, right.data(), count * sizeof(double), cudaMemcpyHostToDevice));
    add<<<count / 256, 256>>>(memory, memory + count, memory + 2 * count, count);
    check(cudaGetLastError());
    check(cudaMemcpy(sums.data(), memory + 2 * count, count * sizeof(double), cudaMemcpyDeviceToHost));
    int wrong = 0;
    for (int place = 0; place < count; ++place) wrong += sums[place] != 3.0 * place + 1;
    std::printf("%d\n", wrong);
    return 0;
}
