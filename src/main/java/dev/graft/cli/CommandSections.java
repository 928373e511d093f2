package dev.graft.cli;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Column;
import picocli.CommandLine.Help.Column.Overflow;
import picocli.CommandLine.Help.TextTable;
import picocli.CommandLine.IHelpSectionRenderer;

/** The list of commands in {@code graft --help}, by what a person wants to do. */
final class CommandSections implements IHelpSectionRenderer {
  private static final int NAMES = 24;
  private static final int WIDTH = 80;

  private static final Map<String, List<String>> SECTIONS = new LinkedHashMap<>();

  static {
    SECTIONS.put("Try it:", List.of("demo", "doctor"));
    SECTIONS.put(
        "With a server:",
        List.of("login", "files", "jobs", "adapters", "classify", "evaluations", "keys"));
    SECTIONS.put(
        "Run a server:",
        List.of(
            "serve", "models", "key", "worker-token", "artifacts", "libtorch", "support-bundle"));
    SECTIONS.put(
        "With files on this machine:", List.of("train", "merge", "plain-lora", "gguf", "logits"));
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
    return text.append(section(help, "Prove and measure:", new ArrayList<>(left))).toString();
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
