package dev.graft.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.client.AskedCommand;
import dev.graft.platform.TestCertificate;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;

class CalledCommandTests {
  private static final List<String> OF_SERVERS =
      List.of("org.springframework.", "ch.qos.logback.", "ai.djl.");

  @TempDir private Path directory;

  @Test
  void theCommandOfEachNameIsTheOneThatTheWholeHasUnderIt() {
    GraftCommand.all()
        .getSubcommands()
        .forEach(
            (name, command) -> {
              CommandLine called = GraftCommand.commandLine(name).getSubcommands().get(name);
              assertThat(called).as(name).isNotNull();
              Object one = called.getCommand();
              Object other = command.getCommand();
              assertThat(one).as(name).hasSameClassAs(other);
              assertThat(GraftCommand.commandLine(name).getSubcommands().size() == 1)
                  .as(name)
                  .isEqualTo(!(one instanceof GenerateCompletion));
            });
  }

  @Test
  void helpAndWhatIsUnknownHaveAllCommands() {
    int all = GraftCommand.all().getSubcommands().size();
    for (String asked : List.of("--help", "frobnicate", "")) {
      assertThat(GraftCommand.commandLine(asked).getSubcommands()).hasSize(all);
    }
    assertThat(GraftCommand.commandLine().getSubcommands()).hasSize(all);
  }

  @Test
  void theVersionIsPrintedWithoutLoadingAnyCommand() throws Exception {
    assertThat(loaded("--version"))
        .noneMatch(name -> OF_SERVERS.stream().anyMatch(name::startsWith))
        .noneMatch(name -> name.startsWith("tools.jackson."))
        .filteredOn(name -> name.startsWith("dev.graft."))
        .hasSizeLessThan(20);
  }

  /** Up to the network, and where it fails: with authorities of its own, too. */
  @Test
  void aClientsCommandLoadsNothingOfServers() throws Exception {
    TestCertificate.in(directory).write(directory);
    assertThat(loaded("jobs", "list", "--server", "https://127.0.0.1:1"))
        .contains("dev.graft.client.JobsCommand")
        .noneMatch(name -> OF_SERVERS.stream().anyMatch(name::startsWith));
  }

  @Test
  void aCommandThatARunningServerCarriesOutLoadsNothingOfServers() throws Exception {
    Path socket = AskedCommand.socket(directory);
    Files.createDirectories(socket.getParent());
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(socket));
      Thread.ofVirtual().start(() -> answerOnce(server));
      assertThat(loaded("key", "list", "--data-dir", directory.toString()))
          .contains("dev.graft.cli.KeyCommand")
          .noneMatch(name -> OF_SERVERS.stream().anyMatch(name::startsWith));
      assertThat(directory.resolve("output")).hasContent("key_1");
    }
  }

  private static void answerOnce(ServerSocketChannel server) {
    try (SocketChannel asker = server.accept()) {
      AskedCommand.read(Channels.newInputStream(asker));
      byte[] answer = new AskedCommand.Answer(0, "key_1\n", "").json();
      Channels.newOutputStream(asker).write(answer);
    } catch (IOException gone) {
      throw new UncheckedIOException(gone);
    }
  }

  /** Names of the classes that a call loads. */
  private Stream<String> loaded(String... arguments) throws IOException, InterruptedException {
    Path log = directory.resolve("classes.log");
    List<String> command =
        Stream.concat(
                Stream.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-XX:TieredStopAtLevel=1",
                    "-Xlog:class+load:file=" + log,
                    "-cp",
                    System.getProperty("java.class.path"),
                    GraftCommand.class.getName()),
                Stream.of(arguments))
            .toList();
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("output").toFile());
    builder.environment().put("GRAFT_API_KEY", "sk-graft-x");
    builder.environment().put("SSL_CERT_FILE", directory.resolve("tls.crt").toString());
    Process process = builder.start();
    assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
    assertThat(process.exitValue()).as(Files.readString(directory.resolve("output"))).isIn(0, 3);
    return Files.readAllLines(log).stream().map(CalledCommandTests::name);
  }

  /** Of a line such as {@code [0.012s][info][class,load] java.lang.Object source: ...}. */
  private static String name(String line) {
    return line.replaceFirst("^(\\[[^]]*])+ *", "").split(" ")[0];
  }
}
