package dev.graft.cli;

import dev.graft.client.DemoModelCommand;
import dev.graft.nemesis.NemesisCommand;
import dev.graft.training.BenchCommand;
import dev.graft.training.ParityCommand;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/**
 * The commands that test and measure Graft. They are not in the jar: {@code bin/graft} compiles
 * them in a source checkout when one is called.
 */
@Command(
    name = "graft",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      BenchCommand.class,
      DemoModelCommand.class,
      NemesisCommand.class,
      ParityCommand.class
    })
public final class ToolCommand {
  ToolCommand() {}

  public static void main(String[] arguments) {
    GraftCommand.ProgramLog.warningsToStandardError();
    System.exit(GraftCommand.prepared(new CommandLine(new ToolCommand())).execute(arguments));
  }
}
