package dev.graft.artifacts;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.graft.platform.FileTrees;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import software.amazon.awssdk.services.s3.S3Client;

/**
 * S3Proxy in a process of its own, one for all tests of a JVM, which each have their own bucket.
 */
public final class S3Server {
  public static final String ACCESS_KEY = "graft";
  public static final String SECRET_KEY = "the-secret-of-tests";
  private static final Pattern LISTENS =
      Pattern.compile("Started \\S*ServerConnector@.*\\{127\\.0\\.0\\.1:(\\d+)}");

  private static @Nullable S3Server shared;

  private final Path directory;
  private final URI endpoint;
  private final Process process;

  private S3Server(Path directory, URI endpoint, Process process) {
    this.directory = directory;
    this.endpoint = endpoint;
    this.process = process;
  }

  /** The one of this JVM; it ends with it. */
  public static synchronized S3Server shared() {
    if (shared == null || !shared.process.isAlive()) {
      try {
        Path target = Files.createDirectories(Path.of("target", "test-data"));
        shared = start(Files.createTempDirectory(target, "s3-").toAbsolutePath());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return shared;
  }

  private static Path jar() {
    Path copied = Path.of("target", "s3proxy", "s3proxy.jar").toAbsolutePath();
    Assumptions.assumeTrue(
        Files.exists(copied), copied + " is missing: mvn generate-test-resources brings it");
    return copied;
  }

  private static S3Server start(Path directory) throws IOException {
    Path jar = jar();
    Path settings = directory.resolve("s3proxy.conf");
    Path objects = Files.createDirectory(directory.resolve("objects"));
    Files.writeString(
        settings,
        """
        s3proxy.endpoint=http://127.0.0.1:0
        s3proxy.authorization=aws-v2-or-v4
        s3proxy.identity=%s
        s3proxy.credential=%s
        jclouds.provider=filesystem-nio2
        jclouds.filesystem.basedir=%s
        """
            .formatted(ACCESS_KEY, SECRET_KEY, objects));
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    Process process =
        new ProcessBuilder(
                java, "-Xmx192m", "-jar", jar.toString(), "--properties", settings.toString())
            .redirectErrorStream(true)
            .start();
    Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
    CompletableFuture<String> port = new CompletableFuture<>();
    Thread.ofPlatform().daemon().start(() -> read(process, port));
    return new S3Server(objects, URI.create("http://127.0.0.1:" + port.join()), process);
  }

  /** To its end, so that it never waits for a reader. */
  private static void read(Process process, CompletableFuture<String> port) {
    List<String> before = new ArrayList<>();
    try (BufferedReader log =
        new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
      for (String line = log.readLine(); line != null; line = log.readLine()) {
        Matcher listens = LISTENS.matcher(line);
        if (listens.find()) port.complete(listens.group(1));
        else if (!port.isDone()) before.add(line);
      }
    } catch (IOException ended) {
      // With its process.
    }
    port.completeExceptionally(new IllegalStateException("S3Proxy did not start: " + before));
  }

  public URI endpoint() {
    return endpoint;
  }

  /** A new one. */
  public String bucket() {
    String name = "b" + UUID.randomUUID();
    try {
      Files.createDirectory(directory.resolve(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return name;
  }

  /** With all that is in it. */
  public void remove(String bucket) throws IOException {
    FileTrees.delete(directory.resolve(bucket));
  }

  /** As a server's configuration has them. */
  public Map<String, String> properties(String bucket) {
    return properties(endpoint, bucket);
  }

  private static Map<String, String> properties(URI endpoint, String bucket) {
    Map<String, String> properties = new LinkedHashMap<>();
    properties.put("graft.artifacts.s3.enabled", "true");
    properties.put("graft.artifacts.s3.endpoint", endpoint.toString());
    properties.put("graft.artifacts.s3.bucket", bucket);
    properties.put("graft.artifacts.s3.path-style", "true");
    properties.put("graft.artifacts.s3.access-key", ACCESS_KEY);
    properties.put("graft.artifacts.s3.secret-key", SECRET_KEY);
    return properties;
  }

  /**
   * @param others as {@code name=value}, after the prefix
   */
  public S3Properties settings(String bucket, String... others) {
    return settings(endpoint, bucket, others);
  }

  /** The same, of one at another address. */
  public static S3Properties settings(URI endpoint, String bucket, String... others) {
    Map<String, String> properties = properties(endpoint, bucket);
    for (String each : others) {
      String[] pair = each.split("=", 2);
      properties.put("graft.artifacts.s3." + pair[0], pair[1]);
    }
    return bound(properties);
  }

  static S3Properties bound(Map<String, String> properties) {
    return new Binder(new MapConfigurationPropertySource(properties))
        .bindOrCreate("graft.artifacts.s3", S3Properties.class);
  }

  /** With which a test looks behind the store. */
  public S3Client client() {
    return S3Connections.of(settings("none")).client();
  }
}
