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
import org.jspecify.annotations.Nullable;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/**
 * The command line of one call: with the command alone that it names. The others, and what they are
 * made of, are not loaded: a client's command knows neither Spring nor the log of servers.
 */
final class CalledCommand {
  private static final String CLIENT = "dev.graft.client.";

  private CalledCommand() {}

  @Command(
      name = "graft",
      mixinStandardHelpOptions = true,
      versionProvider = Version.class,
      synopsisSubcommandLabel = "COMMAND")
  private static final class One {}

  /** With all commands where none is named, which is for help, or where the name is unknown. */
  static CommandLine in(String... arguments) {
    String first = arguments.length == 0 ? "" : arguments[0];
    if (first.equals("--version") || first.equals("-V")) return new CommandLine(new One());
    Object called = named(first);
    if (called != null && called.getClass().getName().startsWith(CLIENT)) {
      return new CommandLine(new One()).addSubcommand(called);
    }
    if (!RunningServer.takes(arguments)) ProgramLog.warningsToStandardError();
    return called == null || called instanceof GenerateCompletion
        ? CommandSections.in(new CommandLine(new GraftCommand()))
        : new CommandLine(new One()).addSubcommand(called);
  }

  private static @Nullable Object named(String name) {
    return switch (name) {
      case "login" -> new LoginCommand();
      case "files" -> new FilesCommand();
      case "jobs" -> new JobsCommand();
      case "adapters" -> new AdaptersCommand();
      case "aliases" -> new AliasesCommand();
      case "classify" -> new ClassifyCommand();
      case "evaluations" -> new EvaluationsCommand();
      case "keys" -> new KeysCommand();
      case "generate-completion" -> new GenerateCompletion();
      case "aot-training" -> new AotTrainingCommand();
      case "artifacts" -> new ArtifactsCommand();
      case "demo" -> new DemoCommand();
      case "doctor" -> new DoctorCommand();
      case "gguf" -> new GgufCommand();
      case "inferrer" -> new InferrerCommand();
      case "key" -> new KeyCommand();
      case "libtorch-check" -> new LibtorchCheckCommand();
      case "libtorch" -> new LibtorchCommand();
      case "models" -> new ModelsCommand();
      case "logits" -> new LogitsCommand();
      case "merge" -> new MergeCommand();
      case "plain-lora" -> new PlainLoraCommand();
      case "program" -> new ProgramCommand();
      case "serve" -> new ServeCommand();
      case "train" -> new TrainCommand();
      case "support-bundle" -> new SupportBundleCommand();
      case "exporter" -> new ExporterCommand();
      case "trainer" -> new TrainerCommand();
      case "worker-token" -> new WorkerTokenCommand();
      default -> null;
    };
  }
}
