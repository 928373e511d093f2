package dev.graft.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.pg.GraftIT;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Requests written by hand, as no browser and no SDK would: on sessions, paths, proxies, keys. */
@GraftIT
class HostileRequestsIT {
  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired JdbcClient sql;
  private final String made = "hostile " + UUID.randomUUID();
  private String key = "";
  private String userKey = "";
  private PageClient browser = null;

  @BeforeEach
  void someoneIsSignedIn() throws Exception {
    String department = departments.ensure("hostile");
    key = keys.create(department, Caller.Scope.ADMIN).secret();
    userKey = keys.create(department, Caller.Scope.USER).secret();
    browser = new PageClient(port);
    browser.signIn(key);
    browser.get("/console/departments");
  }

  @AfterEach
  void nothingWasDone() {
    assertThat(departments.find(made)).isEmpty();
  }

  /** With cookie and token of the form: what a page of another host of the domain may have got. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Site: same-site",
        "Sec-Fetch-Site: Same-Origin",
        "Sec-Fetch-Site: same-origin, cross-site",
        "Sec-Fetch-Site: ",
        "Sec-Fetch-Site: cross-site\r\nOrigin: http://HOST",
        "Sec-Fetch-Site: cross-site\r\nX-Forwarded-Host: HOST",
        "Origin: null",
        "Origin: https://elsewhere.example",
        "Origin: http://HOST.elsewhere.example",
        "Origin: http://elsewhere.example/HOST",
        "Origin: http://HOST@elsewhere.example",
        "Origin: http://elsewhere.example@HOST",
        "Origin: http://127.0.0.1",
        "Origin: http://127.0.0.1:1",
        "Origin: http://localhost:PORT",
        "Origin: HOST",
        "Origin: http://",
        "Origin: http://[",
        "Origin: file://",
        "Origin: data:text/html,x",
        "Origin: http://HOST http://elsewhere.example",
      })
  void aFormOfAnotherSiteIsRefused(String header) throws Exception {
    String here = "127.0.0.1:" + port;
    String said = header.replace("HOST", here).replace("PORT", Integer.toString(port));
    assertThat(makeDepartment(said)).isEqualTo(403);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Sec-Fetch-Site: same-origin",
        "Sec-Fetch-Site: none",
        "Origin: http://HOST",
        "Origin: https://HOST",
        "Accept: */*"
      })
  void aFormOfOurOwnPagesIsTaken(String header) throws Exception {
    assertThat(makeDepartment(header.replace("HOST", "127.0.0.1:" + port))).isEqualTo(302);
    assertThat(sql.sql("delete from department where name = :n").param("n", made).update()).isOne();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /v1/models/..;/..;/console/departments",
        "GET /v1/..;/actuator/env",
        "GET /console/..;/actuator/heapdump",
        "GET //actuator/env",
        "GET /actuator/env",
        "GET /actuator/heapdump",
        "GET /actuator/threaddump",
        "GET /actuator/shutdown",
        "POST /actuator/shutdown",
        "GET /actuator/health/../env",
        "GET /actuator/health/..%2fenv",
        "GET /actuator%2fenv",
        "GET /docs/%2e%2e/v1/models",
        "GET /docs/..%2f..%2fapplication.yml",
        "GET /docs/..%5c..%5capplication.yml",
        "GET /console/assets/..%2f..%2fapplication.yml",
        "GET /console/assets/%2e%2e/%2e%2e/application.yml",
        "GET /console/assets/....//application.yml",
        "GET /v1/models%00",
        "GET /downloads/%2e%2e%2fv1%2fmodels",
        "GET /downloads/x?expires=9999999999&signature=x",
        "TRACE /v1/models",
        "PUT /v1/models",
        "LOCK /v1/models",
        "PROPFIND /v1/models",
        "GET /error",
        "GET /h2-console",
        "GET /.git/config",
        "GET /WEB-INF/web.xml",
        "GET /META-INF/MANIFEST.MF",
      })
  void aPathThatIsNoneOpensNothing(String line) throws Exception {
    assertThat(status(line, "Cookie: " + browser.cookies(), "")).isBetween(400, 499);
  }

  /** The route of administrators, asked by a user or by nobody. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "Authorization: ",
        "Authorization: Bearer",
        "Authorization: Bearer ",
        "Authorization: Bearer null",
        "Authorization: Bearer KEYx",
        "Authorization: Bearer xKEY",
        "Authorization: Bearer KEY KEY",
        "Authorization: Bearer KEY,",
        "Authorization: Bearer \"KEY\"",
        "Authorization: Basic KEY",
        "Authorization: KEY",
        "Authorization: Token KEY",
        "X-API-Key: KEY",
        "api-key: KEY",
        "Cookie: graft_session=KEY",
        "Cookie: COOKIES",
        "Cookie: JSESSIONID=KEY; access_token=KEY",
        "Authorization: Bearer USER",
        "Authorization: Bearer USER\r\nX-Forwarded-User: admin",
        "Authorization: Bearer USER\r\nX-Original-URL: /v1/models",
        "Authorization: Bearer USER\r\nX-Rewrite-URL: /v1/models",
        "Authorization: Bearer USER\r\nX-HTTP-Method-Override: GET",
        "Authorization: Bearer USER\r\nOpenAI-Organization: admin",
        "Authorization: Bearer USER\r\nX-Forwarded-For: 127.0.0.1",
        "Authorization: Bearer USER\r\nForwarded: for=127.0.0.1;proto=https",
        "Authorization: Bearer USER\r\nAuthorization: Bearer KEY",
        "Authorization: Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiIsInNjb3BlIjoiYWRtaW4ifQ.",
        "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZG1pbiJ9.c2lnbmF0dXJl",
      })
  void whoeverIsNoAdministratorIsNone(String header) throws Exception {
    String said =
        header.replace("KEY", key).replace("USER", userKey).replace("COOKIES", browser.cookies());
    assertThat(status("GET /v1/organization/projects", said, "")).isIn(400, 401, 403);
  }

  private int makeDepartment(String header) throws IOException {
    return status(
        "POST /console/departments",
        header
            + "\r\nCookie: "
            + browser.cookies()
            + "\r\nContent-Type: application/x-www-form-urlencoded",
        "name=" + made.replace(' ', '+') + "&_csrf=" + browser.formToken());
  }

  private int status(String line, String headers, String body) throws IOException {
    String request =
        line
            + " HTTP/1.1\r\nHost: 127.0.0.1:"
            + port
            + "\r\nConnection: close\r\nContent-Length: "
            + body.length()
            + "\r\n"
            + (headers.isEmpty() ? "" : headers + "\r\n")
            + "\r\n"
            + body;
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
      String answer =
          new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
      return Integer.parseInt(answer.substring("HTTP/1.1 ".length()).substring(0, 3));
    }
  }
}
