import com.sun.net.httpserver.*;
import java.net.InetSocketAddress;

/** The JDK's own server with its own Basic authenticator. */
public class Server {
  public static void main(String[] args) throws Exception {
    HttpServer server = HttpServer.create(new InetSocketAddress("0.0.0.0", Integer.parseInt(args[0])), 0);
    HttpContext context = server.createContext("/", exchange -> {
      byte[] body = "inside".getBytes();
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
      exchange.close();
    });
    context.setAuthenticator(new BasicAuthenticator("JDK") {
      public boolean checkCredentials(String user, String password) { return user.equals("alice") && password.equals("secret-7"); }
    });
    server.start();
  }
}
