package dev.graft.client;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** A command that only holds others. */
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
    throw new ParameterException(spec.commandLine(), "say one of: " + which);
  }
}
