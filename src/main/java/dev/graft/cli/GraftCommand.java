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
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
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
    synopsisSubcommandLabel = "COMMAND")
public final class GraftCommand {
  /** Commands that other programs run. */
  private static final List<String> CHILDREN =
      List.of("aot-training", "exporter", "inferrer", "libtorch-check", "trainer");

  private static final String CLIENT = "dev.graft.client.";

  GraftCommand() {}

  public static void main(String[] arguments) {
    System.exit(run(arguments));
  }

  /**
   * Runs one command line and returns its exit status: 0 success, 1 failure, 2 wrong usage or
   * request, 3 the machine lacks something.
   */
  static int run(String... arguments) {
    CommandLine called = prepared(commandLine(arguments));
    // A lambda, because a method reference would load the class now.
    CommandSocket.RunningServer.of(() -> ProgramLog.warningsToStandardError(), arguments)
        .ifPresent(called::setExecutionStrategy);
    return called.execute(arguments);
  }

  /** Returns a command line with all commands. */
  public static CommandLine all() {
    CommandLine root = new CommandLine(new GraftCommand());
    Stream.concat(CommandSections.names(), CHILDREN.stream())
        .forEach(name -> root.addSubcommand(requireNonNull(named(name), name)));
    root.getHelpSectionMap()
        .put(CommandLine.Model.UsageMessageSpec.SECTION_KEY_COMMAND_LIST, new CommandSections());
    root.getHelpSectionMap()
        .put(CommandLine.Model.UsageMessageSpec.SECTION_KEY_COMMAND_LIST_HEADING, help -> "");
    return root;
  }

  /** Configures how commands parse enums and report failures. */
  static CommandLine prepared(CommandLine root) {
    return root.setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionExceptionHandler(new FailureReport());
  }

  /**
   * Builds the command line for one call with only the command that it names, or with all commands
   * if none is named (for help) or the name is unknown. The classes of other commands are not
   * loaded: a client command loads neither Spring nor the server's logging.
   */
  static CommandLine commandLine(String... arguments) {
    String first = arguments.length == 0 ? "" : arguments[0];
    CommandLine root = new CommandLine(new GraftCommand());
    if (first.equals("--version") || first.equals("-V")) return root;
    Object called = named(first);
    boolean client = called != null && called.getClass().getName().startsWith(CLIENT);
    if (!client && !CommandSocket.RunningServer.takes(arguments)) {
      ProgramLog.warningsToStandardError();
    }
    return called == null || called instanceof GenerateCompletion
        ? all()
        : root.addSubcommand(called);
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

  /** Prints the commands in {@code graft --help}, grouped by purpose. */
  static final class CommandSections implements IHelpSectionRenderer {
    private static final int NAMES = 24;
    private static final int WIDTH = 80;

    private record Section(String title, List<String> names) {
      Section(String title, String... names) {
        this(title, List.of(names));
      }
    }

    private static final List<Section> SECTIONS =
        List.of(
            new Section("Get started:", "demo", "doctor"),
            new Section(
                "Use a server:",
                "login",
                "files",
                "jobs",
                "adapters",
                "aliases",
                "classify",
                "evaluations",
                "keys"),
            new Section(
                "Run a server:",
                "serve",
                "models",
                "key",
                "worker-token",
                "artifacts",
                "libtorch",
                "support-bundle"),
            new Section(
                "Work with files on this machine:",
                "train",
                "merge",
                "plain-lora",
                "gguf",
                "logits",
                "program"),
            new Section("Other:", "generate-completion"));

    /** The names of all commands in the help. */
    static Stream<String> names() {
      return SECTIONS.stream().flatMap(section -> section.names().stream());
    }

    @Override
    public String render(Help help) {
      return SECTIONS.stream()
          .map(section -> section(help, section.title(), section.names()))
          .collect(Collectors.joining());
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
