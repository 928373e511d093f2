package dev.graft.cli;

import java.io.PrintWriter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** A command that prints to the streams of its command line. */
abstract class CliCommand {
  @Spec CommandSpec spec = CommandSpec.create();

  /** Prints a line of the result. */
  final void print(Object line) {
    print(spec.commandLine().getOut(), line);
  }

  /** Prints a line on standard error. */
  final void note(String line) {
    print(spec.commandLine().getErr(), line);
  }

  private static void print(PrintWriter to, Object line) {
    to.println(line);
    to.flush();
  }

  /** Returns an error in the arguments; the usage is printed with it. */
  final ParameterException wrong(String message) {
    return new ParameterException(spec.commandLine(), message);
  }
}
