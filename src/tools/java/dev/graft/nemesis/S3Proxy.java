package dev.graft.nemesis;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A bucket of S3Proxy, whose objects are files and outlive it. */
final class S3Proxy {
  private static final String NAME = "graft";
  private static final String ACCESS_KEY = "nemesis";
  private static final String SECRET_KEY = "the-secret-of-nemesis";

  private S3Proxy() {}

  /**
   * @param directory of its own
   * @param jar of S3Proxy with its dependencies
   */
  static ListeningProgram start(Path directory, int port, Path jar) throws IOException {
    if (!Files.isRegularFile(jar)) {
      throw new Stuck(
          "there is no S3Proxy at %s; mvn generate-test-resources brings it".formatted(jar));
    }
    Path objects = directory.resolve("objects");
    Files.createDirectories(objects.resolve(NAME));
    URI address = URI.create("http://127.0.0.1:" + port);
    Path settings = directory.resolve("s3proxy.conf");
    Files.writeString(
        settings,
        """
        s3proxy.endpoint=%s
        s3proxy.authorization=aws-v2-or-v4
        s3proxy.identity=%s
        s3proxy.credential=%s
        jclouds.provider=filesystem-nio2
        jclouds.filesystem.basedir=%s
        """
            .formatted(address, ACCESS_KEY, SECRET_KEY, objects));
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    return ListeningProgram.start(
        "S3",
        List.of(java, "-Xmx192m", "-jar", jar.toString(), "--properties", settings.toString()),
        directory.resolveSibling("s3.log"),
        address);
  }

  /** The properties of a server whose artifacts lie in it. */
  static String settings(ListeningProgram s3) {
    return """
    graft.artifacts.s3.enabled=true
    graft.artifacts.s3.endpoint=%s
    graft.artifacts.s3.bucket=%s
    graft.artifacts.s3.path-style=true
    graft.artifacts.s3.access-key=%s
    graft.artifacts.s3.secret-key=%s
    """
        .formatted(s3.address(), NAME, ACCESS_KEY, SECRET_KEY);
  }
}
