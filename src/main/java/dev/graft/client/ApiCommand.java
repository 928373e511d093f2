package dev.graft.client;

import java.io.IOException;
import java.io.PrintWriter;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** A command that calls a server. Prints only the result on standard output. */
@Command(mixinStandardHelpOptions = true)
abstract class ApiCommand implements Callable<Integer> {
  private static final int PAGE = 100;
  private static final JsonMapper JSON = JsonMapper.shared();

  @Spec CommandSpec spec = CommandSpec.create();

  @Mixin Connection connection = new Connection();

  @Override
  public final Integer call() throws IOException {
    try (GraftApi api = connection.open(spec.commandLine().getErr())) {
      return run(api);
    }
  }

  /** Returns the exit status. */
  abstract int run(GraftApi api) throws IOException;

  /** Returns the first {@code wanted} objects of a list, requesting pages of 100. */
  static List<JsonNode> list(GraftApi api, String path, int wanted) {
    List<JsonNode> found = new ArrayList<>();
    String after = "";
    while (found.size() < wanted) {
      String page = path + (path.contains("?") ? "&" : "?") + "limit=" + size(wanted, found);
      JsonNode answer = api.get(page + after);
      answer.path("data").forEach(found::add);
      if (!answer.path("has_more").asBoolean(false) || answer.path("data").isEmpty()) break;
      after = "&after=" + escaped(answer.path("last_id").asString(""));
    }
    return found;
  }

  private static int size(int wanted, List<JsonNode> found) {
    return Math.min(PAGE, wanted - found.size());
  }

  /** Escapes an id for a path, so that a model name with {@code :} and {@code /} is one segment. */
  static String escaped(String id) {
    return URLEncoder.encode(id, StandardCharsets.UTF_8).replace("+", "%20");
  }

  /** Adds a parameter to a query, unless its value is null. */
  static void add(StringJoiner query, String key, @Nullable String value) {
    if (value != null) query.add(key + "=" + escaped(value));
  }

  static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }

  /** Prints a list as a table, or as a JSON array with {@code --json}. */
  void show(List<JsonNode> things, Table table) {
    show(things, all -> table.lines(all).forEach(this::say));
  }

  /**
   * Prints a list as lines, or as a JSON array with {@code --json}.
   *
   * @param lines prints a list that is not empty
   */
  void show(List<JsonNode> things, Consumer<List<JsonNode>> lines) {
    if (connection.json()) {
      say(JSON.writerWithDefaultPrettyPrinter().writeValueAsString(things));
    } else if (things.isEmpty()) {
      note("none");
    } else {
      lines.accept(things);
    }
  }

  /** Prints the sentence, or with {@code --json} the object. */
  void show(JsonNode thing, String sentence) {
    say(connection.json() ? thing.toPrettyString() : sentence);
  }

  void say(String line) {
    print(spec.commandLine().getOut(), line);
  }

  void note(String line) {
    print(spec.commandLine().getErr(), line);
  }

  private static void print(PrintWriter to, String line) {
    to.println(line);
    to.flush();
  }

  /** A command that lists the first objects of a list. */
  abstract static class ListCommand extends ApiCommand {
    private final String path;
    private final Table table;

    @Option(
        names = "--limit",
        defaultValue = "20",
        description = "How many to list (${DEFAULT-VALUE}).")
    private int limit;

    ListCommand(String path, Table table) {
      this.path = path;
      this.table = table;
    }

    /** Returns the filter as {@code name=value&...}, or an empty string. */
    String query() {
      return "";
    }

    @Override
    final int run(GraftApi api) {
      String query = query();
      show(list(api, query.isEmpty() ? path : path + "?" + query, limit), table);
      return 0;
    }
  }

  /** A command that prints one object as JSON. */
  abstract static class ShowCommand extends ApiCommand {
    private final String list;

    @Parameters(paramLabel = "ID")
    private String id = "";

    /**
     * @param list the path of the list that contains the object
     */
    ShowCommand(String list) {
      this.list = list;
    }

    @Override
    final int run(GraftApi api) {
      say(api.get(list + "/" + escaped(id)).toPrettyString());
      return 0;
    }
  }
}
