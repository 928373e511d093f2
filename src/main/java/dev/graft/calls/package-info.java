/**
 * Calls to workers as rows: one server is asked and waits, and the worker that answers asks for
 * calls and reports at any server.
 *
 * <p>How it works: {@link dev.graft.calls.CallRows} places a call, hands it to one worker at a time
 * under a claim of its own, takes in what that worker reports, and hands the reports to the server
 * that waits. Bodies are bytes that only the module knows which uses this. Servers look, and {@link
 * dev.graft.platform.database.Hints} shorten the wait.
 *
 * <p>How it fails: a server that dies no longer keeps its calls, and they are swept; a report under
 * a claim that is over finds no row. The tables are unlogged: after a crash of PostgreSQL they are
 * empty, and those who wait are told that the answer is lost.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"platform", "platform :: *"})
package dev.graft.calls;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
