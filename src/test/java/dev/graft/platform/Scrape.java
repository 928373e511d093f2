package dev.graft.platform;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * What Prometheus reads of a server.
 *
 * @param families by name
 */
public record Scrape(String text, Map<String, Family> families) {
  private static final Pattern HELP = Pattern.compile("^# HELP (\\S+) ?(.*)$", Pattern.MULTILINE);
  private static final Pattern TYPE = Pattern.compile("^# TYPE (\\S+) (\\S+)$", Pattern.MULTILINE);
  private static final Pattern LABEL = Pattern.compile("(\\w+)=\"");

  /**
   * A metric.
   *
   * @param labels names, without {@code le}
   */
  public record Family(String name, String type, String help, Set<String> labels) {}

  public static Scrape of(int port) throws IOException, InterruptedException {
    HttpResponse<String> response = get(port, "/actuator/prometheus");
    assertThat(response.statusCode()).isEqualTo(200);
    return read(response.body());
  }

  public static HttpResponse<String> get(int port, String path)
      throws IOException, InterruptedException {
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build(),
            HttpResponse.BodyHandlers.ofString());
  }

  private static Scrape read(String text) {
    Map<String, String> help = new TreeMap<>();
    HELP.matcher(text).results().forEach(each -> help.put(each.group(1), each.group(2)));
    Map<String, Family> families = new TreeMap<>();
    TYPE.matcher(text)
        .results()
        .forEach(
            each -> {
              String name = each.group(1);
              families.put(
                  name,
                  new Family(name, each.group(2), help.getOrDefault(name, ""), labels(name, text)));
            });
    return new Scrape(text, families);
  }

  private static Set<String> labels(String name, String text) {
    Set<String> labels = new TreeSet<>();
    Pattern.compile("^" + name + "(?:_bucket|_sum|_count)?\\{(.*)} \\S+$", Pattern.MULTILINE)
        .matcher(text)
        .results()
        .flatMap(sample -> LABEL.matcher(sample.group(1)).results())
        .forEach(label -> labels.add(label.group(1)));
    labels.remove("le");
    return labels;
  }

  /** The one value of this line; as Prometheus has it, labels and all. */
  public double value(String series) {
    return text.lines()
        .filter(line -> line.startsWith(series + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(series.length() + 1)))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no " + series + " in\n" + text));
  }
}
