#!/usr/bin/perl
# A message centre for the tests, on Debian's libnet-smpp-perl. README.md has its language.
use strict;
use warnings;
use Encode qw(encode decode);
use IO::Select;
use JSON::PP;
use Net::SMPP;

my $json = JSON::PP->new->utf8->canonical;
my $session;    # the one that was bound last
my $mute;       # at the next message
my %silent;     # by its file number
my %throttle = (count => 0, status => 0);
my $ids = 0x1f00;
my %texts;      # "from/ref" → parts
my $input = '';

sub say_event {
    my ($event, %fields) = @_;
    my $line = $json->encode({event => $event, %fields}) . "\n";
    syswrite(STDOUT, $line) == length $line or die "tell the test: $!";
}

# concat finds which part a message is: in its header, or in its parameters.
sub concat {
    my ($pdu) = @_;
    my $text = $pdu->{short_message};
    $text = $pdu->{message_payload} if defined $pdu->{message_payload};
    if ($pdu->{esm_class} & 0x40) {
        my $length = unpack 'C', $text;
        my $header = substr $text, 1, $length;
        my $rest = substr $text, $length + 1;
        my ($kind, $n) = unpack 'CC', $header;
        return ($rest, unpack 'CCC', substr $header, 2) if $kind == 0;
        return ($rest, unpack 'nCC', substr $header, 2) if $kind == 8;
    }
    if (defined $pdu->{sar_total_segments}) {
        return ($text, unpack('n', $pdu->{sar_msg_ref_num}), unpack('C', $pdu->{sar_total_segments}), unpack('C', $pdu->{sar_segment_seqnum}));
    }
    return ($text, 0, 1, 1);
}

sub submitted {
    my ($s, $pdu) = @_;
    if ($mute) {
        $mute = 0;
        $silent{fileno $s} = 1;
        say_event('muted');
        return;
    }
    if ($throttle{count} > 0) {
        $throttle{count}--;
        say_event('throttled');
        $s->submit_sm_resp(seq => $pdu->{seq}, status => $throttle{status}, message_id => '');
        return;
    }
    my ($octets, $ref, $total, $seq) = concat($pdu);
    my $text = $pdu->{data_coding} == 8 ? decode('UTF-16BE', $octets) : decode('gsm0338', $octets);
    my $id = sprintf '%x', ++$ids;
    say_event('submit', from => $pdu->{source_addr}, to => $pdu->{destination_addr}, text => $text, total => $total, seq => $seq,
        ref => $ref, coding => $pdu->{data_coding}, id => $id, receipt => $pdu->{registered_delivery} & 1);
    my $parts = $texts{"$pdu->{source_addr}/$ref"} //= {};
    $parts->{$seq} = $text;
    if (keys %$parts == $total) {
        delete $texts{"$pdu->{source_addr}/$ref"};
        say_event('text', text => join '', map { $parts->{$_} } 1 .. $total);
    }
    $s->submit_sm_resp(seq => $pdu->{seq}, message_id => $id);
}

my $listener = Net::SMPP->new_listen('127.0.0.1', port => 0, smpp_version => 0x34) or die "listen: $!";
my $select = IO::Select->new($listener, \*STDIN);

sub gone {
    my ($s) = @_;
    $select->remove($s);
    delete $silent{fileno $s};
    close $s;
    say_event('closed');
}

my %heard = (
    Net::SMPP::CMD_bind_transceiver() => sub {
        my ($s, $pdu) = @_;
        $session = $s;
        $s->bind_transceiver_resp(seq => $pdu->{seq}, system_id => 'perl');
        say_event('bound', system_id => $pdu->{system_id}, password => $pdu->{password});
    },
    Net::SMPP::CMD_submit_sm() => \&submitted,
    Net::SMPP::CMD_enquire_link() => sub { my ($s, $pdu) = @_; $s->enquire_link_resp(seq => $pdu->{seq}); say_event('enquire') },
    Net::SMPP::CMD_deliver_sm_resp() => sub { say_event('deliver_resp', status => $_[1]{status}) },
    Net::SMPP::CMD_enquire_link_resp() => sub { say_event('enquire_resp') },
    Net::SMPP::CMD_unbind_resp() => sub { say_event('unbind_resp'); gone($_[0]) },
    Net::SMPP::CMD_unbind() => sub { my ($s, $pdu) = @_; say_event('unbind'); $s->unbind_resp(seq => $pdu->{seq}); gone($s) },
);

sub one_way { return (source_addr => '79001234567', destination_addr => '4217', async => 1) }

my %commands = (
    deliver => sub {
        my ($c) = @_;
        my @parts = $c->{text} =~ /.{1,67}/gs;
        for my $seq (@{$c->{order}}) {
            my $header = pack 'CCCCCC', 5, 0, 3, $c->{ref}, scalar @parts, $seq;
            $session->deliver_sm(one_way(), source_addr_ton => 1, source_addr_npi => 1, esm_class => 0x40, data_coding => 8,
                short_message => $header . encode('UTF-16BE', $parts[$seq - 1]));
        }
    },
    receipt => sub {
        my ($c) = @_;
        my $id = hex $c->{id};
        $session->deliver_sm(one_way(), esm_class => 4,
            short_message => "id:$id sub:001 dlvrd:001 submit date:2611230844 done date:2611230845 stat:$c->{state} err:000 text:");
    },
    throttle => sub { %throttle = (count => $_[0]{count}, status => $_[0]{status}) },
    enquire => sub { $session->enquire_link(async => 1) },
    unbind => sub { $session->unbind(async => 1) },
    mute => sub { $mute = 1 },
);

say_event('listening', port => $listener->sockport);
while (1) {
    for my $ready ($select->can_read) {
        if ($ready == \*STDIN) {
            exit 0 unless sysread STDIN, $input, 65536, length $input;
            while ($input =~ s/^([^\n]*)\n//) {
                my $c = $json->decode($1);
                $commands{$c->{cmd}}->($c);
            }
        } elsif ($ready == $listener) {
            my $s = $listener->accept or die "accept: $!";
            $select->add($s);
        } elsif ($silent{fileno $ready}) {
            gone($ready) unless sysread $ready, my $ignored, 65536;
        } else {
            local $SIG{__WARN__} = sub { };    # of the library, at the end of a connection
            my $pdu = $ready->read_pdu;
            if (!defined $pdu) { gone($ready); next }
            my $then = $heard{$pdu->{cmd}} or die "command $pdu->{cmd} is not known here";
            $then->($ready, $pdu);
        }
    }
}
