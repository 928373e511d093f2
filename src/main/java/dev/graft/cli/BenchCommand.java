package dev.graft.cli;

import picocli.CommandLine.Command;

/** Measurements. */
@Command(
    name = "bench",
    description = "Measure this machine.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = BenchTrainCommand.class)
final class BenchCommand {}
