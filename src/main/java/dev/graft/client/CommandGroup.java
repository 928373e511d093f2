package dev.graft.client;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** A command that only has subcommands. */
abstract sealed class CommandGroup implements Runnable
    permits FilesCommand,
        JobsCommand,
        AdaptersCommand,
        AliasesCommand,
        EvaluationsCommand,
        KeysCommand {
  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public final void run() {
    String which = String.join(", ", spec.subcommands().keySet());
    throw new ParameterException(spec.commandLine(), "specify one of: " + which);
  }
}
