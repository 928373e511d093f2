package dev.graft.artifacts.hub;

import dev.graft.platform.WebOrigin;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
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
 * The three requests that it takes.
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
   * The commit that a revision is now.
   *
   * @throws HubRefused if there is none, or it may not be read
   */
  String commit(HubRepository repository) throws IOException {
    URI info = uri(repository.api() + "/revision/" + path(repository.revision()));
    JsonNode found = page(repository, info).json();
    String sha = found.path("sha").asString("");
    if (!COMMIT.matcher(sha).matches()) {
      throw new HubRefused(
          "%s is no hub: it names no commit of %s".formatted(endpoint, repository));
    }
    String id = found.path("id").asString(repository.id());
    if (repository.kind() == HubKind.DATA_SET && !id.equals(repository.id())) {
      throw new HubRefused(repository.id() + " has another name on the hub by now: use that");
    }
    return sha;
  }

  /**
   * The files of a commit, of those in the directory that it names.
   *
   * @param wanted their paths
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
          throw new HubRefused("more than %d files are %s".formatted(most, pinned));
        }
      }
      if (page.next() == null) return files;
      next = linked(next, page.next());
    }
    throw new HubRefused(pinned + " lies among more files than Graft looks through");
  }

  private static URI linked(URI page, String next) {
    try {
      return page.resolve(next);
    } catch (IllegalArgumentException noAddress) {
      throw new HubRefused("the hub's listing goes on at no address");
    }
  }

  private static HubFile file(JsonNode entry) {
    JsonNode lfs = entry.path("lfs");
    String digest = lfs.path("oid").asString(entry.path("oid").asString(""));
    long size = lfs.path("size").asLong(entry.path("size").asLong(-1));
    return new HubFile(
        entry.path("path").asString(""), size, new HubDigest(digest.replaceFirst("^sha256:", "")));
  }

  /** The content of a file, from a byte on. */
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
      throw new HubRefused("%s is no hub: it answers no JSON".formatted(WebOrigin.said(from)));
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
}
