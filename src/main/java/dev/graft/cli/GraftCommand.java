package dev.graft.cli;

import dev.graft.client.AdaptersCommand;
import dev.graft.client.AliasesCommand;
import dev.graft.client.ClassifyCommand;
import dev.graft.client.EvaluationsCommand;
import dev.graft.client.FilesCommand;
import dev.graft.client.JobsCommand;
import dev.graft.client.KeysCommand;
import dev.graft.client.LoginCommand;
import dev.graft.inference.InferrerCommand;
import dev.graft.training.AdapterConversion.GgufCommand;
import dev.graft.training.AdapterConversion.MergeCommand;
import dev.graft.training.AdapterConversion.PlainLoraCommand;
import dev.graft.training.ExporterCommand;
import dev.graft.training.LibtorchCheckCommand;
import dev.graft.training.LogitsCommand;
import dev.graft.training.ProgramCommand;
import dev.graft.training.TrainCommand;
import dev.graft.training.TrainerCommand;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The root command, and where the program begins. */
@Command(
    name = "graft",
    description = "Self-hosted fine-tuning: data in, LoRA adapter out, over the OpenAI API.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      LoginCommand.class,
      FilesCommand.class,
      JobsCommand.class,
      AdaptersCommand.class,
      AliasesCommand.class,
      ClassifyCommand.class,
      EvaluationsCommand.class,
      KeysCommand.class,
      GenerateCompletion.class,
      AotTrainingCommand.class,
      ArtifactsCommand.class,
      DemoCommand.class,
      DoctorCommand.class,
      ExporterCommand.class,
      GgufCommand.class,
      InferrerCommand.class,
      KeyCommand.class,
      LibtorchCheckCommand.class,
      LibtorchCommand.class,
      ModelsCommand.class,
      LogitsCommand.class,
      MergeCommand.class,
      PlainLoraCommand.class,
      ProgramCommand.class,
      ServeCommand.class,
      SupportBundleCommand.class,
      TrainCommand.class,
      TrainerCommand.class,
      WorkerTokenCommand.class
    })
public final class GraftCommand {
  GraftCommand() {}

  public static void main(String[] arguments) {
    System.exit(run(arguments));
  }

  /**
   * Runs one command line and returns its exit status: 0 done, 1 failed, 2 wrong request, 3 machine
   * lacks something.
   */
  static int run(String... arguments) {
    CommandLine called = prepared(CalledCommand.in(arguments));
    // Not a reference to its method, which would load it now.
    RunningServer.of(() -> ProgramLog.warningsToStandardError(), arguments)
        .ifPresent(called::setExecutionStrategy);
    return called.execute(arguments);
  }

  /** With the way in which all commands read enums and report a failure. */
  static CommandLine prepared(CommandLine root) {
    return root.setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionExceptionHandler(new FailureReport());
  }
}
