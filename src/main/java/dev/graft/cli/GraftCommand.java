package dev.graft.cli;

import dev.graft.cli.bundle.SupportBundleCommand;
import dev.graft.cli.doctor.DoctorCommand;
import dev.graft.cli.libtorch.LibtorchCommand;
import dev.graft.cli.server.AotTrainingCommand;
import dev.graft.cli.server.ArtifactsCommand;
import dev.graft.cli.server.DemoCommand;
import dev.graft.cli.server.KeyCommand;
import dev.graft.cli.server.ModelsCommand;
import dev.graft.cli.server.RunningServer;
import dev.graft.cli.server.ServeCommand;
import dev.graft.cli.server.WorkerTokenCommand;
import dev.graft.client.command.AdaptersCommand;
import dev.graft.client.command.AliasesCommand;
import dev.graft.client.command.ClassifyCommand;
import dev.graft.client.command.EvaluationsCommand;
import dev.graft.client.command.FilesCommand;
import dev.graft.client.command.JobsCommand;
import dev.graft.client.command.KeysCommand;
import dev.graft.client.login.LoginCommand;
import dev.graft.demo.basemodel.DemoModelCommand;
import dev.graft.inference.child.InferrerCommand;
import dev.graft.nemesis.NemesisCommand;
import dev.graft.training.command.BenchCommand;
import dev.graft.training.command.ExporterCommand;
import dev.graft.training.command.GgufCommand;
import dev.graft.training.command.LibtorchCheckCommand;
import dev.graft.training.command.LogitsCommand;
import dev.graft.training.command.MergeCommand;
import dev.graft.training.command.ParityCommand;
import dev.graft.training.command.PlainLoraCommand;
import dev.graft.training.command.ProgramCommand;
import dev.graft.training.command.TrainCommand;
import dev.graft.training.command.TrainerCommand;
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
      BenchCommand.class,
      DemoCommand.class,
      DemoModelCommand.class,
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
      NemesisCommand.class,
      ParityCommand.class,
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
    CommandLine called =
        CalledCommand.in(arguments)
            .setCaseInsensitiveEnumValuesAllowed(true)
            .setExecutionExceptionHandler(new FailureReport());
    // Not a reference to its method, which would load it now.
    RunningServer.of(() -> ProgramLog.warningsToStandardError(), arguments)
        .ifPresent(called::setExecutionStrategy);
    return called.execute(arguments);
  }
}
