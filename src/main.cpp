#include "lastgood/cli/cli.h"

int main(int argc, char** argv) {
    return lastgood::cli::run(argc, argv);
}
