package dev.graft.artifacts.hub;

import dev.graft.platform.WebOrigin;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The hub's HTTP interface: the three requests that Graft needs.
 *
 * @param token of an account, or null
 */
record HubApi(URI endpoint, @Nullable String token) {
  private static final JsonMapper JSON = new JsonMapper();
  private static final int LONGEST_PAGE = 16 << 20;
  private static final int MOST_PAGES = 100;
  private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");
  private static final Pattern NEXT = Pattern.compile("<([^>]{1,4000})>\\s*;\\s*rel=\"?next\"?");

  /**
   * Returns the commit that a revision points to now.
   *
   * @throws HubRefused if it does not exist, or may not be read
   */
  String commit(HubRepository repository) throws IOException {
    URI info = uri(repository.api() + "/revision/" + path(repository.revision()));
    JsonNode found = page(repository, info).json();
    String sha = found.path("sha").asString("");
    if (!COMMIT.matcher(sha).matches()) {
      throw new HubRefused(
          "%s is not a hub: its answer contains no commit of %s".formatted(endpoint, repository));
    }
    String id = found.path("id").asString(repository.id());
    if (repository.kind() == HubKind.DATA_SET && !id.equals(repository.id())) {
      throw new HubRefused(repository.id() + " has been renamed on the hub: use the new name");
    }
    return sha;
  }

  /**
   * Lists files of a commit, in the directory that the repository names.
   *
   * @param wanted filter for their paths
   */
  List<HubFile> files(HubRepository pinned, Predicate<String> wanted, int most) throws IOException {
    List<HubFile> files = new ArrayList<>();
    String directory = pinned.directory();
    String under = directory.isEmpty() ? "" : "/" + directory.substring(0, directory.length() - 1);
    URI next = uri(pinned.api() + "/tree/" + pinned.revision() + paths(under));
    for (int pages = 0; pages < MOST_PAGES; pages++) {
      Page page = page(pinned, next);
      for (JsonNode each : page.json()) {
        boolean is = each.path("type").asString("").equals("file");
        if (is && wanted.test(each.path("path").asString(""))) files.add(file(each));
        if (files.size() > most) {
          throw new HubRefused("more than %d files match %s".formatted(most, pinned));
        }
      }
      if (page.next() == null) return files;
      next = linked(next, page.next());
    }
    throw new HubRefused("the directory of " + pinned + " has more files than Graft looks through");
  }

  private static URI linked(URI page, String next) {
    try {
      return page.resolve(next);
    } catch (IllegalArgumentException noAddress) {
      throw new HubRefused("the hub's listing continues at an invalid URL");
    }
  }

  private static HubFile file(JsonNode entry) {
    JsonNode lfs = entry.path("lfs");
    String digest = lfs.path("oid").asString(entry.path("oid").asString(""));
    long size = lfs.path("size").asLong(entry.path("size").asLong(-1));
    return new HubFile(
        entry.path("path").asString(""), size, new HubDigest(digest.replaceFirst("^sha256:", "")));
  }

  /** Opens the content of a file at an offset. */
  HttpURLConnection open(HubRepository pinned, HubFile file, long from) throws IOException {
    URI content = uri(pinned.page() + "/resolve/" + pinned.revision() + "/" + paths(file.path()));
    HttpURLConnection answer = origin().open(content, from);
    int status = answer.getResponseCode();
    if (status == 200 || status == 206 || status == 416) return answer;
    answer.disconnect();
    throw refusal().of(pinned, answer, status);
  }

  private record Page(JsonNode json, @Nullable String next) {}

  private Page page(HubRepository repository, URI from) throws IOException {
    HttpURLConnection answer = origin().open(from, 0);
    int status = answer.getResponseCode();
    if (status != 200) {
      answer.disconnect();
      throw refusal().of(repository, answer, status);
    }
    try (InputStream in = answer.getInputStream()) {
      JsonNode json = JSON.readTree(in.readNBytes(LONGEST_PAGE));
      Matcher next = NEXT.matcher(Objects.requireNonNullElse(answer.getHeaderField("Link"), ""));
      return new Page(json, next.find() ? next.group(1) : null);
    } catch (JacksonException noJson) {
      throw new HubRefused(
          "%s is not a hub: its answer is not JSON".formatted(WebOrigin.shown(from)));
    }
  }

  private WebOrigin origin() {
    return new WebOrigin(endpoint, token == null ? null : "Bearer " + token, null);
  }

  private HubRefusal refusal() {
    return new HubRefusal(endpoint, token != null);
  }

  private URI uri(String path) {
    String base = endpoint.toString();
    return URI.create((base.endsWith("/") ? base : base + "/") + path);
  }

  private static String paths(String path) {
    return path(path).replace("%2F", "/");
  }

  private static String path(String name) {
    return URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
  }

  /** Without the token. */
  @Override
  public String toString() {
    return "HubApi[" + endpoint + "]";
  }

  /**
   * The digest of a file in a listing: the SHA-256 of a large one (Git LFS), or the SHA-1 of the
   * Git blob.
   *
   * @param hex 64 or 40 digits
   */
  record HubDigest(String hex) {
    private static final Pattern HEX = Pattern.compile("[0-9a-f]{64}|[0-9a-f]{40}");
    private static final int BUFFER = 1 << 18;

    HubDigest {
      if (!HEX.matcher(hex).matches()) {
        throw new HubRefused("the hub's listing contains an invalid digest: " + shown(hex));
      }
    }

    private static String shown(String text) {
      return text.length() > 80 ? text.substring(0, 80) + "..." : text;
    }

    boolean isOf(Path file) throws IOException {
      MessageDigest digest = started(Files.size(file));
      byte[] buffer = new byte[BUFFER];
      try (InputStream in = Files.newInputStream(file)) {
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
          digest.update(buffer, 0, read);
        }
      }
      return HexFormat.of().formatHex(digest.digest()).equals(hex);
    }

    private MessageDigest started(long size) {
      try {
        if (hex.length() == 64) return MessageDigest.getInstance("SHA-256");
        MessageDigest git = MessageDigest.getInstance("SHA-1");
        git.update(("blob " + size + "\0").getBytes(StandardCharsets.US_ASCII));
        return git;
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /**
   * Explains answers that are refusals.
   *
   * @param known whether a token was sent
   */
  record HubRefusal(URI endpoint, boolean known) {
    /**
     * Explains an answer. Without an account, 401 means missing, private or gated.
     *
     * @return a failure after which another attempt may help
     * @throws HubRefused if another attempt would not help
     */
    IOException of(HubRepository repository, HttpURLConnection answer, int status) {
      String code = Objects.requireNonNullElse(answer.getHeaderField("X-Error-Code"), "");
      if (status == 429 || status >= 500) {
        return new IOException("the hub answers %d; try again later".formatted(status));
      }
      String page = endpoint + "/" + repository.page();
      String why =
          switch (code) {
            case "GatedRepo" ->
                known
                    ? "%s is gated, and the account of the token has no access: request it at %s"
                        .formatted(repository.id(), page)
                    : "%s is gated: accept its terms at %s, and set HF_TOKEN"
                        .formatted(repository.id(), page);
            case "RevisionNotFound" ->
                "%s has no revision %s".formatted(repository.id(), repository.revision());
            case "EntryNotFound" -> "%s does not exist".formatted(repository);
            default -> missing(repository, status);
          };
      throw new HubRefused(why);
    }

    private String missing(HubRepository repository, int status) {
      String named = "%s %s at %s".formatted(repository.kind().word, repository.id(), endpoint);
      return switch (status) {
        case 401 ->
            known
                ? "the hub at %s does not accept the token".formatted(endpoint)
                : "there is no public %s; for a private one set HF_TOKEN".formatted(named);
        case 403 -> "the account of the token may not read %s".formatted(repository.id());
        case 404 -> "there is no %s".formatted(named);
        default -> "the hub at %s answers %d to %s".formatted(endpoint, status, repository);
      };
    }
  }
}
