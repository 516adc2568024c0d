#include "lastgood/cli/cli.h"
#include "lastgood/daemon/archive.h"
#include "lastgood/daemon/daemon.h"

int main(int argc, char** argv) {
    using namespace lastgood;
    return cli::run(argc, argv, {daemon::serve, daemon::export_state, daemon::import_state});
}
