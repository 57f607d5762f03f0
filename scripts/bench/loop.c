/* The yardstick: what libpcap alone needs to read a file. Prints packets and octets.
 *   cc -O2 -o loop loop.c -lpcap && ./loop FILE */
#include <pcap/pcap.h>
#include <stdio.h>

int main(int count, char **arguments) {
    char error[PCAP_ERRBUF_SIZE];
    struct pcap_pkthdr *header;
    const u_char *data;
    unsigned long long packets = 0, octets = 0;
    if (count != 2)
        return 2;
    pcap_t *file = pcap_open_offline(arguments[1], error);
    if (!file) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    while (pcap_next_ex(file, &header, &data) == 1) {
        packets++;
        octets += header->caplen;
    }
    pcap_close(file);
    printf("%llu %llu\n", packets, octets);
    return 0;
}
