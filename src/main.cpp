#include "lastgood/cli/cli.h"
#include "lastgood/daemon/daemon.h"

int main(int argc, char** argv) {
    return lastgood::cli::run(argc, argv, lastgood::daemon::serve);
}
