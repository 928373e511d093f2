package dev.graft.cli;

import static java.util.Objects.requireNonNull;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
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
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Column;
import picocli.CommandLine.Help.Column.Overflow;
import picocli.CommandLine.Help.TextTable;
import picocli.CommandLine.IHelpSectionRenderer;

/** The root command and main class. */
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
   * Runs one command line and returns its exit status: 0 success, 1 failure, 2 wrong usage or
   * request, 3 the machine lacks something.
   */
  static int run(String... arguments) {
    CommandLine called = prepared(CalledCommand.in(arguments));
    // A lambda, because a method reference would load the class now.
    CommandSocket.RunningServer.of(() -> ProgramLog.warningsToStandardError(), arguments)
        .ifPresent(called::setExecutionStrategy);
    return called.execute(arguments);
  }

  /** Configures how commands parse enums and report failures. */
  static CommandLine prepared(CommandLine root) {
    return root.setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionExceptionHandler(new FailureReport());
  }

  /**
   * Builds the command line for one call with only the command that it names. The classes of other
   * commands are not loaded: a client command loads neither Spring nor the server's logging.
   */
  static final class CalledCommand {
    private static final String CLIENT = "dev.graft.client.";

    private CalledCommand() {}

    @Command(
        name = "graft",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND")
    private static final class One {}

    /**
     * Returns the command line; it has all commands if none is named (for help) or if the name is
     * unknown.
     */
    static CommandLine in(String... arguments) {
      String first = arguments.length == 0 ? "" : arguments[0];
      if (first.equals("--version") || first.equals("-V")) return new CommandLine(new One());
      Object called = named(first);
      if (called != null && called.getClass().getName().startsWith(CLIENT)) {
        return new CommandLine(new One()).addSubcommand(called);
      }
      if (!CommandSocket.RunningServer.takes(arguments)) ProgramLog.warningsToStandardError();
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

  /** Prints the commands in {@code graft --help}, grouped by purpose. */
  static final class CommandSections implements IHelpSectionRenderer {
    private static final int NAMES = 24;
    private static final int WIDTH = 80;

    private static final Map<String, List<String>> SECTIONS = new LinkedHashMap<>();

    static {
      SECTIONS.put("Get started:", List.of("demo", "doctor"));
      SECTIONS.put(
          "Use a server:",
          List.of(
              "login", "files", "jobs", "adapters", "aliases", "classify", "evaluations", "keys"));
      SECTIONS.put(
          "Run a server:",
          List.of(
              "serve", "models", "key", "worker-token", "artifacts", "libtorch", "support-bundle"));
      SECTIONS.put(
          "Work with files on this machine:",
          List.of("train", "merge", "plain-lora", "gguf", "logits", "program"));
    }

    static CommandLine in(CommandLine root) {
      root.getHelpSectionMap()
          .put(CommandLine.Model.UsageMessageSpec.SECTION_KEY_COMMAND_LIST, new CommandSections());
      root.getHelpSectionMap()
          .put(CommandLine.Model.UsageMessageSpec.SECTION_KEY_COMMAND_LIST_HEADING, help -> "");
      return root;
    }

    @Override
    public String render(Help help) {
      Set<String> left = new LinkedHashSet<>();
      help.subcommands().forEach((name, command) -> left.add(name));
      StringBuilder text = new StringBuilder();
      SECTIONS.forEach(
          (title, names) -> {
            text.append(section(help, title, names));
            left.removeAll(names);
          });
      return text.append(section(help, "Other:", new ArrayList<>(left))).toString();
    }

    private static String section(Help help, String title, List<String> names) {
      TextTable table =
          TextTable.forColumns(
              help.colorScheme(),
              new Column(NAMES, 2, Overflow.SPAN),
              new Column(WIDTH - NAMES, 0, Overflow.WRAP));
      for (String name : names) {
        Help command = requireNonNull(help.subcommands().get(name), name);
        table.addRowValues(name, command.commandSpec().usageMessage().description()[0]);
      }
      return "%n%s%n%s".formatted(title, table);
    }
  }

  /**
   * Logging of commands that run without Spring: warnings only, on standard error. Spring Boot
   * replaces it when it starts.
   */
  static final class ProgramLog {
    private ProgramLog() {}

    static void warningsToStandardError() {
      if (!(LoggerFactory.getILoggerFactory() instanceof LoggerContext context)) return;
      context.reset();
      var encoder = new PatternLayoutEncoder();
      encoder.setContext(context);
      encoder.setPattern("%d{HH:mm:ss} %-5level %logger{20} %msg %kvp%n");
      encoder.start();
      var console = new ConsoleAppender<ILoggingEvent>();
      console.setContext(context);
      console.setTarget("System.err");
      console.setEncoder(encoder);
      console.start();
      Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
      root.addAppender(console);
      root.setLevel(Level.WARN);
    }
  }
}
