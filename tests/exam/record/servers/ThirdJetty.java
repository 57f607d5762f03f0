import java.util.Collections;
import org.eclipse.jetty.security.*;
import org.eclipse.jetty.security.authentication.*;
import org.eclipse.jetty.server.*;
import org.eclipse.jetty.server.handler.*;
import org.eclipse.jetty.util.security.*;

/** Jetty with Basic below /basic and Digest below /digest: java ThirdJetty.java PORT. */
public class ThirdJetty {
    static ConstraintSecurityHandler secured(Authenticator authenticator, String name, String... roles) {
        UserStore users = new UserStore();
        users.addUser("alice", Credential.getCredential("secret-7"), new String[] {"user"});
        users.addUser("bob", Credential.getCredential("secret-8"), new String[] {"guest"});
        HashLoginService login = new HashLoginService("jetty");
        login.setUserStore(users);
        Constraint constraint = new Constraint(name, roles[0]);
        constraint.setRoles(roles);
        constraint.setAuthenticate(true);
        ConstraintMapping mapping = new ConstraintMapping();
        mapping.setPathSpec("/*");
        mapping.setConstraint(constraint);
        ConstraintSecurityHandler handler = new ConstraintSecurityHandler();
        handler.setConstraintMappings(Collections.singletonList(mapping));
        handler.setAuthenticator(authenticator);
        handler.setLoginService(login);
        handler.setRealmName("jetty");
        handler.setHandler(new DefaultHandler() {
            @Override public void handle(String t, Request b, javax.servlet.http.HttpServletRequest q, javax.servlet.http.HttpServletResponse s) throws java.io.IOException {
                b.setHandled(true); s.getWriter().print("ok");
            }
        });
        return handler;
    }
    public static void main(String[] args) throws Exception {
        Server server = new Server(Integer.parseInt(args[0]));
        ContextHandler basic = new ContextHandler("/basic"); basic.setHandler(secured(new BasicAuthenticator(), "BASIC", "user"));
        ContextHandler digest = new ContextHandler("/digest"); digest.setHandler(secured(new DigestAuthenticator(), "DIGEST", "user"));
        server.setHandler(new ContextHandlerCollection(basic, digest));
        server.start();
    }
}
